//! Where a model is loaded from.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use anyhow::Result;
use patchmark_results::input_error;
use tch::{Device, Kind};

use super::{config::Config, weights::Weights};

/// A model as `--model` names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelSource {
    /// Random weights with the sizes of `google/siglip2-base-patch16-naflex`.
    RandomBase,
    /// Random weights with the sizes of [`Config::tiny`].
    RandomTiny,
    /// A folder with `config.json` and safetensors.
    Folder(PathBuf),
    /// A repository on the Hugging Face Hub, as `owner/name`.
    Hub(String),
}

/// A model's configuration and weights, and their origin.
#[derive(Debug)]
pub struct LoadedModel {
    /// The sizes.
    pub config: Config,
    /// The tensors, in the requested dtype and on the requested device.
    pub weights: Weights,
    /// Whether the weights are random, so that embeddings mean nothing beyond parity.
    pub random: bool,
    /// The checkpoint's folder, which holds its tokenizer; none for random weights.
    pub folder: Option<PathBuf>,
}

impl FromStr for ModelSource {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "random-base" => return Ok(Self::RandomBase),
            "random-tiny" => return Ok(Self::RandomTiny),
            _ => {}
        }
        if Path::new(text).is_dir() {
            return Ok(Self::Folder(text.into()));
        }
        // A path that does not exist must not be looked up on the hub, so only a plain id is accepted.
        let word = |part: &str| {
            part.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '_')
                && part.chars().all(|each| each.is_ascii_alphanumeric() || "-_.".contains(each))
        };
        match text.split_once('/') {
            Some((owner, name)) if word(owner) && word(name) => Ok(Self::Hub(text.to_owned())),
            _ => Err(input_error!(
                "model \"{text}\" is neither random-base, random-tiny, an existing folder nor a hub id (owner/name)"
            )),
        }
    }
}

impl fmt::Display for ModelSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RandomBase => formatter.write_str("random-base"),
            Self::RandomTiny => formatter.write_str("random-tiny"),
            Self::Folder(path) => write!(formatter, "{}", path.display()),
            Self::Hub(id) => formatter.write_str(id),
        }
    }
}

impl ModelSource {
    /// The checkpoint's folder, if it is known before anything is downloaded.
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Self::Folder(folder) => Some(folder),
            _ => None,
        }
    }

    /// Loads the model; `seed` is for random weights, and `download` turns a hub id into a folder.
    ///
    /// # Errors
    /// An [`InputError`](patchmark_results::InputError) if the checkpoint is missing or broken, and any error of
    /// `download`.
    pub fn load(
        &self,
        seed: u64,
        device: Device,
        kind: Kind,
        download: &dyn Fn(&str) -> Result<PathBuf>,
    ) -> Result<LoadedModel> {
        let config = match self {
            Self::RandomBase => Config::base_naflex(),
            Self::RandomTiny => Config::tiny(),
            Self::Folder(folder) => return from_folder(folder.clone(), device, kind),
            Self::Hub(id) => return from_folder(download(id)?, device, kind),
        };
        let weights = Weights::random(&config, seed, device, kind)?;
        Ok(LoadedModel { config, weights, random: true, folder: None })
    }
}

fn from_folder(folder: PathBuf, device: Device, kind: Kind) -> Result<LoadedModel> {
    let config = Config::load(&folder)?;
    let weights = Weights::load(&folder, &config, device, kind)?;
    Ok(LoadedModel { config, weights, random: false, folder: Some(folder) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use patchmark_results::InputError;

    fn load(source: &ModelSource, download: &dyn Fn(&str) -> Result<PathBuf>) -> Result<LoadedModel> {
        source.load(3, Device::Cpu, Kind::Float, download)
    }

    #[test]
    fn names_are_understood() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().display().to_string();
        for (text, source) in [
            ("random-base", ModelSource::RandomBase),
            ("random-tiny", ModelSource::RandomTiny),
            (path.as_str(), ModelSource::Folder(folder.path().into())),
            (
                "google/siglip2-base-patch16-naflex",
                ModelSource::Hub("google/siglip2-base-patch16-naflex".into()),
            ),
        ] {
            assert_eq!(text.parse::<ModelSource>().unwrap(), source);
            assert_eq!(source.to_string(), text);
        }
        for text in ["", "siglip2", "/no/such", "./no/such", "../such", "a/b/c", "a/", "/b"] {
            assert!(text.parse::<ModelSource>().unwrap_err().is::<InputError>(), "{text}");
        }
    }

    #[test]
    fn a_hub_id_is_downloaded_into_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let random = load(&ModelSource::RandomTiny, &|_| unreachable!()).unwrap();
        assert!(random.random && random.folder.is_none());
        std::fs::write(folder.path().join("config.json"), random.config.to_json().to_string()).unwrap();
        let list: Vec<_> = random.weights.iter().collect();
        tch::Tensor::write_safetensors(&list, folder.path().join("model.safetensors")).unwrap();
        let loaded = load(&ModelSource::Hub("some/model".into()), &|id| {
            assert_eq!(id, "some/model");
            Ok(folder.path().into())
        })
        .unwrap();
        assert!(!loaded.random);
        assert_eq!(loaded.config, random.config);
        assert_eq!(loaded.folder.as_deref(), Some(folder.path()));
    }

    #[test]
    fn a_folder_of_another_model_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let source = ModelSource::Folder(folder.path().into());
        let refusal = || format!("{:#}", load(&source, &|_| unreachable!()).unwrap_err());
        assert!(refusal().contains("config.json"));
        std::fs::write(folder.path().join("config.json"), r#"{"model_type": "clip"}"#).unwrap();
        assert!(refusal().contains("\"clip\""));
    }
}
