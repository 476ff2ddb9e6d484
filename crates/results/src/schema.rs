//! The JSON Schemas of everything that is saved.

use schemars::{Schema, schema_for};

use crate::{
    decision::Decision,
    error_rates::{RealErrorRates, SimulatedErrorRates},
    golden::{GoldenCheck, Pack},
    kernel_bench::KernelBench,
    parity::Parity,
    releases::Releases,
    run::Run,
    shards::Index,
    validation::Validation,
};

/// Every schema with its file name.
pub fn schemas() -> Vec<(&'static str, Schema)> {
    vec![
        ("run.schema.json", schema_for!(Run)),
        ("decision.schema.json", schema_for!(Decision)),
        ("parity.schema.json", schema_for!(Parity)),
        ("validation.schema.json", schema_for!(Validation)),
        ("releases.schema.json", schema_for!(Releases)),
        ("error-rates-simulated.schema.json", schema_for!(SimulatedErrorRates)),
        ("error-rates-real.schema.json", schema_for!(RealErrorRates)),
        ("kernel-bench.schema.json", schema_for!(KernelBench)),
        ("index.schema.json", schema_for!(Index)),
        ("pack.schema.json", schema_for!(Pack)),
        ("golden-check.schema.json", schema_for!(GoldenCheck)),
    ]
}
