//! Mutations of JSON that leave it JSON. Bytes changed at random hardly ever get past the parser.

use libfuzzer_sys::fuzzer_mutate;
use rand::{Rng, SeedableRng, rngs::SmallRng, seq::IndexedRandom};
use serde_json::{Value, json};

/// Texts that are hard to measure, to escape or to parse.
const TEXTS: [&str; 16] = [
    "",
    " ",
    "0",
    "-1",
    "é",
    "\u{0}",
    "\n",
    "a\u{301}",
    "\u{202e}",
    "👩‍👩‍👧‍👦",
    "<script>&\"'",
    "| ` * _",
    "]]>",
    "::error::%0A",
    "../../x",
    "cuda:0",
];

/// Numbers at the ends of the types that hold them.
fn numbers() -> [Value; 16] {
    [
        json!(0),
        json!(1),
        json!(-1),
        json!(2),
        json!(i64::MIN),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(u32::MAX),
        json!(1_u64 << 53),
        json!(-0.0),
        json!(0.5),
        json!(5e-324),
        json!(1e-12),
        json!(1e21),
        json!(f64::MAX),
        json!(f64::MIN),
    ]
}

/// Mutates `data[..size]` in place and returns its new size: mostly as JSON or as one of its lines that is, sometimes (or
/// if there is none) byte by byte.
pub fn mutate(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let mut rng = SmallRng::seed_from_u64(seed.into());
    if rng.random_ratio(7, 8)
        && let Some(text) = mutated(&data[..size], &mut rng)
        && text.len() <= max_size
    {
        data[..text.len()].copy_from_slice(&text);
        return text.len();
    }
    fuzzer_mutate(data, size, max_size)
}

/// Another document; none if neither the whole nor the line that was drawn is JSON.
fn mutated(data: &[u8], rng: &mut SmallRng) -> Option<Vec<u8>> {
    let lines: Vec<&[u8]> = data.split(|byte| *byte == b'\n').collect();
    let (before, part, after) = if serde_json::from_slice::<Value>(data).is_ok() {
        (&[][..], data, &[][..])
    } else {
        let at = rng.random_range(0..lines.len());
        (&lines[..at], lines[at], &lines[at + 1..])
    };
    let mut document = serde_json::from_slice::<Value>(part).ok()?;
    for _ in 0..rng.random_range(1..=3) {
        change(&mut document, rng);
    }
    let text = document.to_string();
    let whole: Vec<&[u8]> =
        before.iter().copied().chain([text.as_bytes()]).chain(after.iter().copied()).collect();
    Some(whole.join(&b'\n'))
}

/// Has libFuzzer mutate a target's inputs by [`mutate`].
#[macro_export]
macro_rules! mutate_json {
    () => {
        libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
            $crate::json::mutate(data, size, max_size, seed)
        });
    };
}

/// Changes one value of a document.
fn change(document: &mut Value, rng: &mut SmallRng) {
    let count = nodes(document);
    let other = node(document, &mut rng.random_range(0..count)).cloned();
    let Some(value) = node(document, &mut rng.random_range(0..count)) else { return };
    match rng.random_range(0..10) {
        0 => *value = other.unwrap_or_default(),
        1 => *value = numbers().choose(rng).cloned().unwrap_or_default(),
        2 => *value = TEXTS.choose(rng).copied().into(),
        3 => {
            let any = [json!(null), json!(true), json!(false), json!([]), json!({}), json!([null])];
            *value = any.choose(rng).cloned().unwrap_or_default();
        }
        _ => change_within(value, other, rng),
    }
}

/// Changes a value to another of its type.
fn change_within(value: &mut Value, other: Option<Value>, rng: &mut SmallRng) {
    match value {
        Value::Null => *value = other.unwrap_or_default(),
        Value::Bool(flag) => *flag = !*flag,
        Value::Number(number) => {
            let factor = [-1.0, 0.1, 0.999, 1.001, 2.0, 10.0, 1e6, 1e-6].choose(rng).copied().unwrap_or(1.0);
            let scaled = number.as_f64().unwrap_or(0.0) * factor;
            *value = match number.as_i64() {
                Some(whole) if rng.random_bool(0.5) => whole.wrapping_add(rng.random_range(-2..=2)).into(),
                // Still a whole number, since most readers take no other.
                Some(_) => (scaled as i64).into(),
                None => scaled.into(),
            };
        }
        Value::String(text) => {
            let at = (0..=text.len()).filter(|&at| text.is_char_boundary(at)).collect::<Vec<_>>();
            let at = at.choose(rng).copied().unwrap_or(0);
            match rng.random_range(0..4) {
                0 => text.truncate(at),
                1 => *text = text.repeat(rng.random_range(2..30)),
                2 => drop(text.drain(..at)),
                _ => text.insert_str(at, TEXTS.choose(rng).copied().unwrap_or("x")),
            }
        }
        Value::Array(items) => {
            let at = rng.random_range(0..=items.len());
            match (rng.random_range(0..4), items.get(at).cloned()) {
                (0, Some(_)) => drop(items.remove(at)),
                (1, Some(item)) => items.splice(at..at, vec![item; rng.random_range(1..12)]).for_each(drop),
                (2, Some(_)) => items.truncate(at),
                (_, Some(_)) => {
                    let with = rng.random_range(0..items.len());
                    items.swap(at, with);
                }
                (_, None) => items.insert(at, other.unwrap_or_default()),
            }
        }
        Value::Object(fields) => {
            let names: Vec<String> = fields.keys().cloned().collect();
            let name = names.choose(rng).cloned().unwrap_or_default();
            match rng.random_range(0..3) {
                0 => drop(fields.remove(&name)),
                1 => {
                    let value = fields.remove(&name).unwrap_or_default();
                    fields.insert(TEXTS.choose(rng).copied().unwrap_or("x").to_owned(), value);
                }
                _ => drop(fields.insert(name, other.unwrap_or_default())),
            }
        }
    }
}

/// The number of values in a document, itself included.
fn nodes(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(nodes).sum(),
        Value::Object(fields) => fields.values().map(nodes).sum(),
        _ => 0,
    }
}

/// The value with a number in depth-first order.
fn node<'a>(value: &'a mut Value, number: &mut usize) -> Option<&'a mut Value> {
    if *number == 0 {
        return Some(value);
    }
    *number -= 1;
    match value {
        Value::Array(items) => items.iter_mut().find_map(|item| node(item, number)),
        Value::Object(fields) => fields.values_mut().find_map(|field| node(field, number)),
        _ => None,
    }
}
