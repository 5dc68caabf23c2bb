//! Values from JavaScript, taken as they are or refused by name.

use napi::bindgen_prelude::{BigInt, FromNapiValue, TypeName, ValidateNapiValue};
use napi::{ValueType, sys};

use crate::failure::{Result, argument};

/// A value that may turn out not to be a `T`. Unlike a plain parameter it never refuses a call by itself, so that the
/// error is ours.
pub struct Arg<T>(Option<T>);

impl<T> Arg<T> {
    /// The value.
    ///
    /// # Errors
    /// `name` is not `wanted`.
    pub fn get(self, name: &str, wanted: &str) -> Result<T> {
        self.0
            .ok_or_else(|| argument(format!("{name}: {wanted} is expected")))
    }
}

impl<T> TypeName for Arg<T> {
    fn type_name() -> &'static str {
        "any"
    }

    fn value_type() -> ValueType {
        ValueType::Unknown
    }
}

impl<T> ValidateNapiValue for Arg<T> {}

impl<T: FromNapiValue> FromNapiValue for Arg<T> {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> napi::Result<Self> {
        // SAFETY:
        // - validity: `env` and `value` are those of the running call, as our own caller promises; they are passed on.
        Ok(Arg(unsafe { T::from_napi_value(env, value) }.ok()))
    }
}

/// A value that may be left out: `undefined` or `null`.
pub type Maybe<T> = Option<Arg<T>>;

/// Beyond this not every whole number is a JavaScript number.
pub const WHOLE_MAX: u64 = 1 << 53;

/// A whole number in `0..=max`, where `max` is at most [`WHOLE_MAX`].
///
/// # Errors
/// It is not.
pub fn whole(number: Arg<f64>, name: &str, max: u64) -> Result<u64> {
    let number = number.get(name, "a whole number")?;
    exact(number).filter(|whole| *whole <= max).ok_or_else(|| {
        argument(format!(
            "{name}: a whole number from 0 to {max} is expected, not {number}"
        ))
    })
}

/// The number without a fraction that `number` is.
#[expect(clippy::cast_precision_loss, clippy::cast_sign_loss)]
fn exact(number: f64) -> Option<u64> {
    let is_whole = number.fract() == 0.0 && (0.0..=WHOLE_MAX as f64).contains(&number);
    is_whole.then_some(number as u64)
}

/// A `bigint` in `0..=max`.
///
/// # Errors
/// It is not.
pub fn natural(number: Arg<BigInt>, name: &str, max: u64) -> Result<u64> {
    let (negative, value, lossless) = number.get(name, "a bigint")?.get_u64();
    if negative || !lossless || value > max {
        return Err(argument(format!(
            "{name}: a bigint from 0 to {max} is expected"
        )));
    }
    Ok(value)
}
