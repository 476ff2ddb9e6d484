//! Strict reading of a saved run for a gate: no duplicate keys and no impossible times.

use std::path::Path;

use anyhow::Result;
use patchmark_results::{Kind, ProcessorRow, Run, Samples, input_error, read_run, reading};
use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};

/// Reads a run from its folder or file, as [`read_run`] does, and checks that `bench` can have written its values.
///
/// # Errors
/// An input error with the file, the place in it and the reason.
pub fn read(path: &Path) -> Result<Run> {
    let run = read_run(path)?;
    let file = if path.is_dir() { path.join(Kind::Run.file()) } else { path.to_owned() };
    let text = reading::text(&file)?;
    let mut reader = serde_json::Deserializer::from_str(&text);
    // Either value of a duplicate key might be read, and it is unknown which one was meant.
    Unique
        .deserialize(&mut reader)
        .map_err(|error| input_error!("{} is not a run: {error}", file.display()))?;
    check(&run).map_err(|(place, why)| input_error!("{} is not a run: {place} {why}", file.display()))?;
    Ok(run)
}

type Fault = (String, &'static str);

fn check(run: &Run) -> Result<(), Fault> {
    let fault = |place: &str, why| Err((place.to_owned(), why));
    if run.batches.is_empty() {
        return fault("batches", "is empty: nothing was measured");
    }
    for (index, batch) in run.batches.iter().enumerate() {
        let place = format!("batches[{index}]");
        if batch.batch_size == 0 {
            return fault(&format!("{place}.batch_size"), "is 0");
        }
        if run.batches[..index].iter().any(|other| other.batch_size == batch.batch_size) {
            return fault(&format!("{place}.batch_size"), "is the same as another batch's");
        }
        for (number, row) in batch.forwards.iter().enumerate() {
            samples(&format!("{place}.forwards[{number}].forward_ms"), &row.forward_ms)?;
            if batch.forwards[..number].iter().any(|other| other.name == row.name) {
                return fault(
                    &format!("{place}.forwards[{number}].name"),
                    "is the same as another forward's",
                );
            }
        }
        for (number, row) in batch.processors.iter().enumerate() {
            let place = format!("{place}.processors[{number}]");
            samples(&format!("{place}.preprocess_ms"), &row.preprocess_ms)?;
            let same = |other: &&ProcessorRow| (&other.name, &other.feed) == (&row.name, &row.feed);
            if batch.processors[..number].iter().find(same).is_some() {
                return fault(&format!("{place}.name"), "is the same as another processor's");
            }
        }
    }
    Ok(())
}

fn samples(place: &str, samples: &Samples) -> Result<(), Fault> {
    // A year; no measured time is longer.
    const LONGEST_MS: f64 = 3.2e10;
    for (index, sample) in samples.samples.iter().enumerate() {
        if !(*sample > 0.0 && *sample < LONGEST_MS) {
            return Err((format!("{place}.samples[{index}]"), "is not a time in milliseconds"));
        }
    }
    Ok(())
}

/// Walks a JSON value and refuses duplicate keys in an object.
struct Unique;

impl<'de> DeserializeSeed<'de> for Unique {
    type Value = ();

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unique {
    type Value = ();

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        while sequence.next_element_seed(Unique)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut keys = std::collections::BTreeSet::new();
        while let Some(key) = map.next_key::<String>()? {
            map.next_value_seed(Unique)?;
            if let Some(key) = keys.replace(key) {
                return Err(de::Error::custom(format!("the key {key:?} is given twice")));
            }
        }
        Ok(())
    }
}
