//! The public face: checks in, verdicts out.

use std::{
    collections::HashMap,
    sync::{
        Arc, LazyLock, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Instant,
};

use crate::{
    Algorithm, Check, Features, Metrics, Options, Path,
    crew::Crew,
    ecdsa,
    ed25519::{Job, Routines, Spare, Table, available, base_table, routines},
    tables::{Found, Key, Tables},
};

/// Most signatures that one thread takes at a time; also what bounds the memory of intermediate results.
const UNIT_MAX: usize = 256;

/// Fewest signatures that a thread takes at a time while there are as many: they share an inversion.
const UNIT_MIN: usize = 16;

/// Most tables that are made at a time: those that they displace leave their memory to the next ones.
const TABLES_MAX: usize = 128;

/// A thread takes at most this part of its share of what is left, so that all end at about the same time.
const PART_OF_SHARE: usize = 3;

/// The table of the base point, made at first use.
static BASE: LazyLock<Table> = LazyLock::new(base_table);

/// Checks signatures in batches. Verdicts do not depend on order, batch size, path or threads.
pub struct Verifier {
    path: Path,
    crew: Crew,
    tables: Mutex<Tables>,
    /// For new tables.
    spare: Arc<Spare>,
    checks: AtomicU64,
    valid: AtomicU64,
    table_hits: AtomicU64,
    tables_built: AtomicU64,
    nanoseconds: AtomicU64,
}

/// The signatures of a batch by what is to be done with them, as indices into it.
#[derive(Default)]
struct Plan {
    /// The tables in use.
    tables: Vec<Arc<Table>>,
    /// Ed25519 with a table: the number of that, and the index.
    tabled: Vec<(u32, u32)>,
    /// Ed25519 without.
    fresh: Vec<usize>,
    /// The rest.
    ecdsa: Vec<usize>,
}

/// What one thread does at a time.
enum Unit<'a> {
    Tabled(&'a [Arc<Table>], &'a [(u32, u32)]),
    Fresh(&'a [usize]),
    Ecdsa(&'a [usize]),
}

/// Keys that are to get a table, and its number.
type Wanted<'k> = HashMap<&'k Key, u32, ahash::RandomState>;

impl Verifier {
    /// A verifier for any number of batches, with threads of its own.
    pub fn new(options: Options) -> Self {
        let threads = match options.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        };
        let path = Path::choose(options.path);
        let table_pays = routines(path).table_pays;
        Self {
            path,
            crew: Crew::new(threads),
            tables: Mutex::new(Tables::new(options.table_cache_bytes, table_pays)),
            spare: Arc::default(),
            checks: AtomicU64::new(0),
            valid: AtomicU64::new(0),
            table_hits: AtomicU64::new(0),
            tables_built: AtomicU64::new(0),
            nanoseconds: AtomicU64::new(0),
        }
    }

    /// Checks every signature; `valid[i]` becomes the verdict on `checks[i]`. Malformed input is `false`.
    ///
    /// # Panics
    /// If `checks` and `valid` differ in length.
    pub fn verify(&self, checks: &[Check<'_>], valid: &mut [bool]) {
        assert_eq!(checks.len(), valid.len(), "one verdict per check");
        let start = Instant::now();
        valid.fill(false);
        let plan = self.plan(checks);
        let units = self.units(&plan);
        let verdicts = self
            .crew
            .map(units.len(), |unit| self.run(checks, &units[unit]));
        for (unit, verdicts) in units.iter().zip(verdicts) {
            for (at, verdict) in unit.indices().zip(verdicts) {
                valid[at] = verdict;
            }
        }
        self.checks.fetch_add(checks.len() as u64, Relaxed);
        self.valid
            .fetch_add(valid.iter().filter(|&&valid| valid).count() as u64, Relaxed);
        self.nanoseconds
            .fetch_add(start.elapsed().as_nanos() as u64, Relaxed);
    }

    /// Checks one signature on the calling thread.
    pub fn verify_one(&self, check: &Check<'_>) -> bool {
        let mut valid = [false];
        self.verify(std::slice::from_ref(check), &mut valid);
        valid[0]
    }

    /// The counters.
    pub fn metrics(&self) -> Metrics {
        let tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        Metrics {
            checks: self.checks.load(Relaxed),
            valid: self.valid.load(Relaxed),
            table_hits: self.table_hits.load(Relaxed),
            tables_built: self.tables_built.load(Relaxed),
            tables_evicted: tables.evicted,
            table_bytes: tables.bytes() as u64,
            nanoseconds: self.nanoseconds.load(Relaxed),
        }
    }

    /// The path and the threads in use.
    pub fn features(&self) -> Features {
        Features {
            path: self.path,
            available: available(),
            threads: self.crew.threads(),
        }
    }

    /// Sorts the batch, and makes the tables that it makes worthwhile.
    fn plan(&self, checks: &[Check<'_>]) -> Plan {
        let mut plan = Plan::default();
        let mut wanted: Wanted<'_> = Wanted::default();
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        tables.begin();
        for (at, check) in checks.iter().enumerate() {
            if check.algorithm != Algorithm::Ed25519 {
                plan.ecdsa.push(at);
            } else if let Ok(key) = check.key.try_into()
                && check.signature.len() == 64
            {
                match tables.find(key, &mut plan.tables) {
                    Found::Table(number) => plan.tabled.push((number, at as u32)),
                    Found::Wanted => {
                        wanted.insert(key, 0);
                        plan.fresh.push(at);
                    }
                    Found::Rare => plan.fresh.push(at),
                }
            }
        }
        drop(tables);
        if !wanted.is_empty() {
            self.make_tables(&mut wanted, &mut plan.tables);
            plan.fresh.retain(|&at| {
                let number = <&Key>::try_from(checks[at].key)
                    .ok()
                    .and_then(|key| wanted.get(key));
                plan.tabled
                    .extend(number.map(|&number| (number, at as u32)));
                number.is_none()
            });
        }
        self.table_hits.fetch_add(plan.tabled.len() as u64, Relaxed);
        // A key that is no point has no valid signature.
        if plan.tables.iter().any(|table| table.is_empty()) {
            let tables = &plan.tables;
            plan.tabled
                .retain(|&(number, _)| !tables[number as usize].is_empty());
        }
        // Signatures of one key side by side find its table in the nearest cache.
        plan.tabled.sort_by_key(|&(number, _)| number);
        plan
    }

    /// Makes the tables of `wanted`, and tells their numbers among `used`.
    fn make_tables(&self, wanted: &mut Wanted<'_>, used: &mut Vec<Arc<Table>>) {
        let routines = routines(self.path);
        let keys: Vec<&Key> = wanted.keys().copied().collect();
        for keys in keys.chunks(TABLES_MAX) {
            let groups: Vec<&[&Key]> = keys.chunks(routines.lanes).collect();
            let made = self.crew.map(groups.len(), |group| {
                (routines.tables)(groups[group], &self.spare)
            });
            let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
            for (key, table) in keys.iter().zip(made.into_iter().flatten()) {
                let table = Arc::new(table);
                tables.insert(**key, Arc::clone(&table));
                wanted.insert(key, used.len() as u32);
                used.push(table);
            }
        }
        self.tables_built.fetch_add(wanted.len() as u64, Relaxed);
    }

    /// Cuts the plan into units of whole groups of lanes, smaller and smaller; the costly ones come first.
    fn units<'a>(&self, plan: &'a Plan) -> Vec<Unit<'a>> {
        let Plan {
            tables,
            tabled,
            fresh,
            ecdsa,
        } = plan;
        let lanes = routines(self.path).lanes;
        let mut units: Vec<Unit<'_>> = ecdsa.chunks(lanes).map(Unit::Ecdsa).collect();
        let mut left = fresh.len() + tabled.len();
        units.extend(self.cut(fresh, &mut left).map(Unit::Fresh));
        let tabled = self.cut(tabled, &mut left);
        units.extend(tabled.map(|pairs| Unit::Tabled(tables, pairs)));
        units
    }

    /// Cuts `list`; `left` are all that are not in a unit yet.
    fn cut<'a, T>(&self, list: &'a [T], left: &mut usize) -> impl Iterator<Item = &'a [T]> {
        let lanes = routines(self.path).lanes;
        let parts = match self.crew.threads() {
            1 => 1,
            threads => threads * PART_OF_SHARE,
        };
        let mut list = list;
        std::iter::from_fn(move || {
            let size = (*left / parts).clamp(UNIT_MIN, UNIT_MAX);
            let size = size.next_multiple_of(lanes).min(list.len());
            let (unit, rest) = list.split_at(size);
            (list, *left) = (rest, *left - size);
            (size > 0).then_some(unit)
        })
    }

    fn run(&self, checks: &[Check<'_>], unit: &Unit<'_>) -> Vec<bool> {
        match unit {
            Unit::Ecdsa(indices) => indices
                .iter()
                .map(|&at| verify_ecdsa(&checks[at]))
                .collect(),
            Unit::Fresh(indices) => {
                let jobs = indices.iter().filter_map(|&at| job(&checks[at], None));
                self.run_ed25519(&jobs.collect::<Vec<_>>())
            }
            Unit::Tabled(tables, pairs) => {
                let jobs = pairs.iter().filter_map(|&(number, at)| {
                    job(&checks[at as usize], Some(&tables[number as usize]))
                });
                self.run_ed25519(&jobs.collect::<Vec<_>>())
            }
        }
    }

    fn run_ed25519(&self, jobs: &[Job<'_>]) -> Vec<bool> {
        let mut valid = vec![false; jobs.len()];
        let routines = routines(self.path);
        // One signature left over is cheaper alone than in lanes.
        let alone = usize::from(jobs.len() % routines.lanes == 1);
        let (jobs, last) = jobs.split_at(jobs.len() - alone);
        let (verdicts, verdict) = valid.split_at_mut(jobs.len());
        (routines.verify)(jobs, &BASE, verdicts);
        (Routines::PORTABLE.verify)(last, &BASE, verdict);
        valid
    }
}

impl Unit<'_> {
    fn indices(&self) -> impl Iterator<Item = usize> {
        let (pairs, indices): (&[(u32, u32)], &[usize]) = match self {
            Self::Tabled(_, pairs) => (pairs, &[]),
            Self::Fresh(indices) | Self::Ecdsa(indices) => (&[], indices),
        };
        pairs
            .iter()
            .map(|&(_, at)| at as usize)
            .chain(indices.iter().copied())
    }
}

/// The lengths were checked when the plan was made.
fn job<'a>(check: &Check<'a>, table: Option<&'a Arc<Table>>) -> Option<Job<'a>> {
    let (key, signature) = (check.key.try_into().ok()?, check.signature.try_into().ok()?);
    Some(Job {
        key,
        message: check.message,
        signature,
        table: table.map(Arc::as_ref),
    })
}

fn verify_ecdsa(check: &Check<'_>) -> bool {
    let verify = if check.algorithm == Algorithm::Secp256k1 {
        ecdsa::verify_k1
    } else {
        ecdsa::verify_r1
    };
    verify(check.key, check.message, check.signature)
}
