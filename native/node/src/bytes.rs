//! Buffers that cross: what comes in is inspected before a byte of it is read, what goes out is handed over whole.

use std::ptr;

use napi::bindgen_prelude::{
    ArrayBuffer, FromNapiValue, JsObjectValue, ToNapiValue, TypedArrayType, Uint8Array, Unknown,
    type_tag_from_ident,
};
use napi::{Env, JsValue, check_status, sys};

use crate::failure::{Code, Failure, Result, argument, failure, runtime};

/// Most bytes of one buffer: offsets into it are `u32`.
pub const BYTES_MAX: usize = u32::MAX as usize;

/// Up to this size a copy into a buffer of JavaScript's own is cheaper than handing over ours.
const COPY_BYTES_MAX: usize = 4096;

/// A typed array as it stands right now. Good until JavaScript runs again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct View {
    kind: TypedArrayType,
    data: *const u8,
    /// Elements.
    length: usize,
}

impl View {
    /// Inspects the parameter `name`, which is to be a typed array of `kind` over a plain buffer.
    ///
    /// # Errors
    /// It is not (`native/argument`), or its buffer is detached, shared, resizable or too large (`native/buffer`).
    pub fn of(value: &Unknown<'_>, kind: TypedArrayType, name: &str) -> Result<View> {
        let wrong = || argument(format!("{name}: a {}Array is expected", kind.as_ref()));
        if !value.is_typedarray().unwrap_or(false) {
            return Err(wrong());
        }
        let (view, buffer) = inspect(value).ok_or_else(wrong)?;
        if view.kind != kind {
            return Err(wrong());
        }
        check_buffer(&buffer, name)?;
        if view.length > BYTES_MAX {
            return Err(failure(
                Code::Buffer,
                format!("{name}: {} bytes are more than 4 GiB", view.length),
            ));
        }
        Ok(view)
    }

    /// The bytes of a `Uint8Array`, for as long as the call that it was passed to.
    fn bytes(&self) -> &[u8] {
        if self.length == 0 {
            return &[];
        }
        // SAFETY:
        // - size, validity: `data` and `length` are what JavaScript's engine says of a `Uint8Array` that is neither
        //   detached nor shared nor resizable, so those bytes are there and initialized; alignment of bytes is 1.
        // - lifetime: the array is alive while the call runs that it was passed to, and nobody keeps the result longer:
        //   callers use it before any other call into JavaScript.
        // - aliasing: JavaScript does not run meanwhile, and no other thread may write to the buffer.
        unsafe { std::slice::from_raw_parts(self.data, self.length) }
    }
}

/// What JavaScript's engine says of a typed array, and its buffer.
fn inspect<'env>(value: &Unknown<'env>) -> Option<(View, Unknown<'env>)> {
    let Value { env, value } = Value::of(value);
    let (mut kind, mut length, mut data, mut buffer, mut offset) =
        (0, 0, ptr::null_mut(), ptr::null_mut(), 0);
    // SAFETY:
    // - validity: `env` and `value` are those of the running call; all out-pointers are to live variables of the types
    //   that Node-API names. `buffer` is a handle of the same scope as `value`.
    unsafe {
        let status = sys::napi_get_typedarray_info(
            env,
            value,
            &raw mut kind,
            &raw mut length,
            &raw mut data,
            &raw mut buffer,
            &raw mut offset,
        );
        (status == sys::Status::napi_ok).then(|| {
            (
                View {
                    kind: kind.into(),
                    data: data.cast(),
                    length,
                },
                Unknown::from_raw_unchecked(env, buffer),
            )
        })
    }
}

/// Raw handles of a value.
struct Value {
    env: sys::napi_env,
    value: sys::napi_value,
}

impl Value {
    fn of(value: &Unknown<'_>) -> Value {
        Value {
            env: value.value().env,
            value: value.raw(),
        }
    }
}

/// A buffer whose bytes stay where they are: of this thread alone, attached, of fixed size.
fn check_buffer(buffer: &Unknown<'_>, name: &str) -> Result<()> {
    let refused = |what: &str| failure(Code::Buffer, format!("{name}: its buffer is {what}"));
    let Value { env, value } = Value::of(buffer);
    let (mut plain, mut detached) = (false, true);
    // SAFETY:
    // - validity: `env` and `value` are handles of the running call, and the out-pointers are to live booleans.
    unsafe {
        sys::napi_is_arraybuffer(env, value, &raw mut plain);
        if plain {
            sys::napi_is_detached_arraybuffer(env, value, &raw mut detached);
        }
    }
    if !plain {
        return Err(refused("shared between threads"));
    }
    if detached {
        return Err(refused("detached"));
    }
    let object = buffer.coerce_to_object().map_err(|error| runtime(&error))?;
    let shadowed = object.has_own_property("resizable").unwrap_or(true);
    if shadowed || object.get::<bool>("resizable").ok().flatten() == Some(true) {
        return Err(refused("resizable"));
    }
    Ok(())
}

/// The bytes of a `Uint8Array` parameter, handed to `read` and not kept.
///
/// # Errors
/// Those of [`View::of`] and of `read`.
pub fn read<T>(
    value: &Unknown<'_>,
    name: &str,
    read: impl FnOnce(&[u8]) -> Result<T>,
) -> Result<T> {
    read(View::of(value, TypedArrayType::Uint8, name)?.bytes())
}

/// The words of a `Uint32Array` parameter, copied.
///
/// # Errors
/// Those of [`View::of`].
pub fn words(value: &Unknown<'_>, name: &str) -> Result<Vec<u32>> {
    let view = View::of(value, TypedArrayType::Uint32, name)?;
    let bytes = View {
        length: view.length * 4,
        ..view
    };
    let (words, _) = bytes.bytes().as_chunks();
    Ok(words.iter().map(|word| u32::from_le_bytes(*word)).collect())
}

/// Bytes that a batch reads until it is done: a copy of ours, or a buffer of JavaScript's, which is kept alive.
pub enum Source {
    /// Ours.
    Copied(Vec<u8>),
    /// JavaScript's. Nobody may write to it, transfer or detach it until it is dropped.
    Pinned(Pin),
}

/// A `Uint8Array` that JavaScript's engine keeps alive.
pub struct Pin {
    array: Uint8Array,
    view: View,
}

// SAFETY:
// - the pointer in `view` is only compared; bytes are read through `array`, which may cross threads.
unsafe impl Send for Pin {}

impl Source {
    /// No bytes.
    pub const fn none() -> Source {
        Source::Copied(Vec::new())
    }

    /// Takes the parameter `name` as it is, or a copy of it; always a copy of what can be freed under it.
    ///
    /// # Errors
    /// Those of [`View::of`].
    pub fn of(value: &Unknown<'_>, name: &str, copy: bool) -> Result<Source> {
        let view = View::of(value, TypedArrayType::Uint8, name)?;
        let is_freeable = inspect(value).is_some_and(|(_, buffer)| is_handed_over(&buffer));
        if copy || is_freeable || view.length == 0 {
            return Ok(Source::Copied(view.bytes().to_vec()));
        }
        Ok(Source::Pinned(Pin {
            array: pinned(value)?,
            view,
        }))
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Source::Copied(bytes) => bytes,
            Source::Pinned(pin) => &pin.array,
        }
    }
}

fn pinned(value: &Unknown<'_>) -> Result<Uint8Array> {
    let Value { env, value } = Value::of(value);
    // SAFETY:
    // - validity: handles of the running call. That it is a `Uint8Array` was checked, and is checked once more there.
    unsafe { Uint8Array::from_napi_value(env, value) }.map_err(|error| runtime(&error))
}

/// A second hold on a source, by which its owner finds out whether JavaScript moved the buffer under it.
pub struct Watch(Option<Pin>);

impl Watch {
    /// Watches nothing.
    pub const fn none() -> Watch {
        Watch(None)
    }

    /// Watches a parameter that [`Source::of`] took as it is.
    ///
    /// # Errors
    /// Those of [`View::of`].
    pub fn of(value: &Unknown<'_>, source: &Source) -> Result<Watch> {
        match source {
            Source::Copied(_) => Ok(Watch(None)),
            Source::Pinned(pin) => Ok(Watch(Some(Pin {
                array: pinned(value)?,
                view: pin.view,
            }))),
        }
    }

    /// Refuses a buffer that was transferred, detached or resized since.
    ///
    /// # Errors
    /// `native/buffer`.
    pub fn check(&mut self, env: &Env) -> Result<()> {
        let Some(pin) = &mut self.0 else {
            return Ok(());
        };
        // SAFETY:
        // - validity: `env` is that of the running call, on the thread that made the reference in `array`.
        let value = unsafe {
            <&mut Uint8Array>::to_napi_value(env.raw(), &mut pin.array)
                .map(|value| Unknown::from_raw_unchecked(env.raw(), value))
        };
        let now = View::of(
            &value.map_err(|error| runtime(&error))?,
            TypedArrayType::Uint8,
            "source",
        )?;
        if now == pin.view {
            Ok(())
        } else {
            Err(moved())
        }
    }
}

fn moved() -> Failure {
    failure(
        Code::Buffer,
        "source: its buffer was moved while the batch was being handled",
    )
}

/// Hands bytes over to JavaScript, without a copy if they are many.
///
/// # Errors
/// JavaScript's engine refuses them.
pub fn array_buffer(env: &Env, bytes: Vec<u8>) -> napi::Result<ArrayBuffer<'_>> {
    if bytes.len() <= COPY_BYTES_MAX {
        return ArrayBuffer::copy_from(env, bytes);
    }
    let buffer = ArrayBuffer::from_data(env, bytes)?;
    let Value { env, value } = Value::of(&buffer.to_unknown());
    // SAFETY:
    // - validity: handles of the running call, and a tag that lives as long as the program.
    check_status!(unsafe { sys::napi_type_tag_object(env, value, &HANDED_OVER) })?;
    Ok(buffer)
}

/// Marks buffers whose bytes were handed over: no batch reads them.
const HANDED_OVER: sys::napi_type_tag = type_tag_from_ident("kelpipe::bytes::handed over");

/// Whether an `ArrayBuffer` is one that [`array_buffer`] handed over.
fn is_handed_over(buffer: &Unknown<'_>) -> bool {
    let Value { env, value } = Value::of(buffer);
    let mut tagged = false;
    // SAFETY:
    // - validity: handles of the running call, a tag that lives as long as the program, and an out-pointer to a live
    //   boolean, which stays false where `buffer` is no object.
    unsafe { sys::napi_check_object_type_tag(env, value, &HANDED_OVER, &raw mut tagged) };
    tagged
}

/// Frees the bytes of a buffer at once if they were handed over by [`array_buffer`]; others stay as they are.
///
/// # Errors
/// It is no `ArrayBuffer` (`native/argument`).
pub fn free(buffer: &Unknown<'_>) -> Result<()> {
    if !buffer.is_arraybuffer().unwrap_or(false) {
        return Err(argument("buffers: an ArrayBuffer is expected"));
    }
    if is_handed_over(buffer) {
        let Value { env, value } = Value::of(buffer);
        // SAFETY:
        // - validity: handles of the running call, an `ArrayBuffer`.
        // - lifetime: nobody but JavaScript reads bytes that were handed over: of such a buffer `Source` keeps a copy.
        unsafe { sys::napi_detach_arraybuffer(env, value) };
    }
    Ok(())
}

/// Words as the bytes that cross.
pub fn to_bytes(words: &[u32]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(words.len() * 4);
    for word in words {
        bytes.extend_from_slice(&word.to_le_bytes());
    }
    bytes
}
