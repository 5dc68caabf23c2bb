//! How an engine judges, as JavaScript says it.

use kelpipe_cesr::group::Genus;
use kelpipe_keri::decision::Kind;
use kelpipe_keri::options::{self, Cap, Limits, Mode, Options};
use napi::bindgen_prelude::{FromNapiValue, JsObjectValue, Object, Unknown};
use napi::{JsValue, ValueType};

use crate::argument::{Arg, WHOLE_MAX, whole};
use crate::failure::{Result, argument, runtime};

/// Most elements of a list in the options, and of the keys of a batch.
const LIST_MAX: u32 = 1 << 20;
/// Longest timeout: all times in microseconds have 63 bits, and JavaScript's numbers are exact up to 53.
const SECONDS_MAX: u64 = WHOLE_MAX / 1_000_000;
/// Bytes of the tables of frequent keys, unless told otherwise: a thousand keys, in a process of 300 MB.
const TABLE_CACHE_BYTES: u64 = 32 << 20;
/// Most threads that may be asked for.
const THREADS_MAX: u64 = 1024;

/// The options of an engine or framer.
pub struct Parsed {
    /// Those of the rules.
    pub rules: Options,
    /// Those of the crypto crate.
    pub crypto: kelpipe_crypto::Options,
}

/// An object from JavaScript.
pub struct Fields<'env>(Object<'env>);

impl<'env> Fields<'env> {
    /// The parameter `name`, which is to be an object.
    ///
    /// # Errors
    /// It is not.
    pub fn of(value: &Unknown<'env>, name: &str) -> Result<Fields<'env>> {
        if !matches!(value.get_type(), Ok(ValueType::Object)) {
            return Err(argument(format!("{name}: an object is expected")));
        }
        value
            .coerce_to_object()
            .map(Fields)
            .map_err(|error| runtime(&error))
    }

    /// A property, unless it is `undefined`.
    ///
    /// # Errors
    /// Reading it throws.
    pub fn get<T: FromNapiValue>(&self, name: &str) -> Result<Option<Arg<T>>> {
        self.0.get(name).map_err(|error| runtime(&error))
    }

    fn flag(&self, name: &str) -> Result<bool> {
        self.get(name)?
            .map_or(Ok(false), |value| value.get(name, "a boolean"))
    }

    /// A whole number up to `max`.
    ///
    /// # Errors
    /// It is not.
    pub fn number(&self, name: &str, default: u64, max: u64) -> Result<u64> {
        self.get(name)?
            .map_or(Ok(default), |value| whole(value, name, max))
    }

    /// The elements of an array, none if it is left out.
    ///
    /// # Errors
    /// It is none.
    pub fn list<T: FromNapiValue>(&self, name: &str) -> Result<Vec<Arg<T>>> {
        self.get::<Unknown<'_>>(name)?
            .map_or(Ok(Vec::new()), |value| {
                list(&value.get(name, "an array")?, name)
            })
    }
}

/// The elements of an array.
///
/// # Errors
/// It is none, or longer than we take.
pub fn list<T: FromNapiValue>(value: &Unknown<'_>, name: &str) -> Result<Vec<Arg<T>>> {
    if !value.is_array().unwrap_or(false) {
        return Err(argument(format!("{name}: an array is expected")));
    }
    let array = value.coerce_to_object().map_err(|error| runtime(&error))?;
    let length = array.get_array_length().map_err(|error| runtime(&error))?;
    if length > LIST_MAX {
        return Err(argument(format!(
            "{name}: {length} elements are more than {LIST_MAX}"
        )));
    }
    (0..length)
        .map(|at| array.get_element(at).map_err(|error| runtime(&error)))
        .collect()
}

/// Reads the options of an engine or framer.
///
/// # Errors
/// The first that is of the wrong type or outside its range.
pub fn parse(value: &Unknown<'_>) -> Result<Parsed> {
    let fields = Fields::of(value, "options")?;
    let mode = match fields.get::<String>("mode")? {
        None => Mode::Hardened,
        Some(name) => mode(&name.get("mode", "a string")?)?,
    };
    let mut rules = Options::new(mode);
    for (name, on) in [("rulesOff", false), ("rulesOn", true)] {
        for rule in fields.list(name)? {
            rules.switches = rules.switches.with(rule_number(rule, name)?, on);
        }
    }
    rules.own = fields
        .list("own")?
        .into_iter()
        .map(|aid: Arg<String>| aid.get("own", "a string"))
        .collect::<Result<_>>()?;
    rules.lax = fields.flag("lax")?;
    rules.local = fields.flag("local")?;
    rules.cloned = fields.flag("cloned")?;
    rules.genus = match fields.number("genus", 0, 2)? {
        1 => Some(Genus::V1),
        2 => Some(Genus::V2),
        _ => None,
    };
    if fields.flag("skipUnknown")? {
        rules.unknown = options::Unknown::Skip;
    }
    rules.hold_wakes = fields.flag("holdWakes")?;
    rules.cache_bytes = fields.number("cacheBytes", rules.cache_bytes as u64, WHOLE_MAX)? as usize;
    if let Some(limits) = fields.get::<Unknown<'_>>("limits")? {
        read_limits(
            &Fields::of(&limits.get("limits", "an object")?, "limits")?,
            &mut rules.limits,
        )?;
    }
    rules.limits.evidence_kept = rules.switches.on(16);
    let crypto = kelpipe_crypto::Options {
        threads: fields.number("threads", 0, THREADS_MAX)? as usize,
        table_cache_bytes: fields.number("tableCacheBytes", TABLE_CACHE_BYTES, WHOLE_MAX)? as usize,
        ..kelpipe_crypto::Options::default()
    };
    Ok(Parsed { rules, crypto })
}

fn mode(name: &str) -> Result<Mode> {
    match name {
        "hardened" => Ok(Mode::Hardened),
        "keripy" => Ok(Mode::Keripy),
        _ => Err(argument("mode: hardened or keripy is expected")),
    }
}

fn rule_number(rule: Arg<f64>, name: &str) -> Result<usize> {
    let rule = whole(rule, name, kelpipe_keri::options::HARDEN_RULES as u64)? as usize;
    if matches!(rule, 0 | 14 | 15) {
        return Err(argument(format!(
            "{name}: there is no switch for rule {rule}"
        )));
    }
    Ok(rule)
}

fn read_limits(fields: &Fields<'_>, limits: &mut Limits) -> Result<()> {
    let number =
        |name: &str, default: u64, max: u64| fields.number(name, default, max.min(WHOLE_MAX));
    let word = |name: &str, default: u32| {
        number(name, default.into(), u32::MAX.into()).map(|value| value as u32)
    };
    let seconds = |name: &str, default: i64| {
        number(name, default.unsigned_abs(), SECONDS_MAX).map(u64::cast_signed)
    };
    limits.depth_max = word("depthMax", limits.depth_max)?;
    limits.out_of_order_seconds = seconds("outOfOrderSeconds", limits.out_of_order_seconds)?;
    limits.partial_seconds = seconds("partialSeconds", limits.partial_seconds)?;
    limits.query_seconds = seconds("querySeconds", limits.query_seconds)?;
    let cap = |name: &str, default: Cap| -> Result<Cap> {
        Ok(Cap {
            entries: number(&format!("{name}EntriesMax"), default.entries, WHOLE_MAX)?,
            bytes: number(&format!("{name}BytesMax"), default.bytes, WHOLE_MAX)?,
        })
    };
    limits.waiting = cap("waiting", limits.waiting)?;
    limits.waiting_per_source = cap("waitingPerSource", limits.waiting_per_source)?;
    limits.waiting_per_aid_max = word("waitingPerAidMax", limits.waiting_per_aid_max)?;
    limits.waiting_per_place_max = word("waitingPerPlaceMax", limits.waiting_per_place_max)?;
    limits.signatures_per_key_max = number(
        "signaturesPerKeyMax",
        limits.signatures_per_key_max as u64,
        u32::MAX.into(),
    )? as usize;
    limits.delegation_depth_max = word("delegationDepthMax", limits.delegation_depth_max)?;
    limits.wakes_per_part_max = word("wakesPerPartMax", limits.wakes_per_part_max)?;
    if let Some(kinds) = fields.get::<Unknown<'_>>("kinds")? {
        let kinds = Fields::of(&kinds.get("kinds", "an object")?, "kinds")?;
        for kind in Kind::PASS {
            read_kind(&kinds, kind, limits)?;
        }
    }
    Ok(())
}

/// Timeout and cap of one kind.
fn read_kind(kinds: &Fields<'_>, kind: Kind, limits: &mut Limits) -> Result<()> {
    let Some(of_kind) = kinds.get::<Unknown<'_>>(kind.name())? else {
        return Ok(());
    };
    let fields = Fields::of(&of_kind.get(kind.name(), "an object")?, kind.name())?;
    let cap = &mut limits.waiting_per_kind[kind as usize];
    cap.entries = fields.number("entriesMax", cap.entries, WHOLE_MAX)?;
    cap.bytes = fields.number("bytesMax", cap.bytes, WHOLE_MAX)?;
    if let Some(seconds) = fields.get("timeoutSeconds")? {
        let seconds = whole(seconds, "timeoutSeconds", SECONDS_MAX)?.cast_signed();
        limits.seconds_per_kind[kind as usize] = Some(seconds);
    }
    Ok(())
}
