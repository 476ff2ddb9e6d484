//! A checkpoint's `config.json`, up to the list of tensors that a model of these sizes has.

#![no_main]

use libfuzzer_sys::fuzz_target;
use patchmark::model::{Config, Weights};
use patchmark_fuzz::{mutate_json, scratch};
use tch::{Device, Kind};

fuzz_target!(|data: &[u8]| {
    let file = scratch::file("checkpoint/config.json", data);
    let Some(folder) = file.parent() else { return };
    let Ok(config) = Config::load(folder) else { return };
    assert_eq!(
        Config::parse(&config.to_json().to_string()).expect("a configuration can be read back"),
        config
    );
    assert!(Weights::load(folder, &config, Device::Cpu, Kind::Float).is_err(), "there are no weights");
});
mutate_json!();
