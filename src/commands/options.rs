//! Options that the measuring commands share.

use std::{
    io::{self, Read},
    path::{Path, PathBuf},
    thread,
};

use anyhow::Result;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use patchmark_results::input_error;
use tch::Device;

use crate::{
    measure::{named_device, parse_device},
    processor::Parameters,
    python::{DecoderChoice, TransformersLoading},
    workload::{FileDecoder, ImageSource, Listing},
};

/// Which images are processed.
#[derive(Debug, Args)]
pub(super) struct ImageOptions {
    /// Folder of image files, or - for a list of files on stdin [default: the photographs built into patchmark]
    #[arg(long, value_name = "DIR", env = "PATCHMARK_IMAGES")]
    images: Option<PathBuf>,
    /// Take the images of folders inside it too
    #[arg(long, requires = "images", env = "PATCHMARK_RECURSIVE")]
    recursive: bool,
    /// Whose pixels the files have
    #[arg(long, value_enum, value_name = "NAME", default_value = "reference", env = "PATCHMARK_DECODER")]
    decoder: DecoderChoice,
    /// Leave out files that cannot be decoded, and list them in the result
    #[arg(long, requires = "images", env = "PATCHMARK_SKIP_BAD_FILES")]
    skip_bad_files: bool,
}

impl ImageOptions {
    /// Where the images come from. A list is read from stdin, which can be done once.
    ///
    /// # Errors
    /// An input error for a list that cannot be read or is empty.
    pub(super) fn source(&self) -> Result<ImageSource> {
        self.source_with(self.decoder)
    }

    /// Whose pixels `processor` is given: by default those that its own class reads, and transformers' Pillow class reads with
    /// Pillow.
    pub(super) fn decoder_of(&self, processor: &str) -> DecoderChoice {
        match (self.decoder, processor) {
            (DecoderChoice::Reference, "hf-pil") => DecoderChoice::Pillow,
            (decoder, _) => decoder,
        }
    }

    /// As [`ImageOptions::source`], with files decoded as `decoder` does.
    pub(super) fn source_with(&self, decoder: DecoderChoice) -> Result<ImageSource> {
        let Some(images) = &self.images else { return Ok(ImageSource::BuiltIn) };
        Ok(self.files_of(self.listing(images)?, decoder))
    }

    /// These files, read as the options say.
    pub(super) fn files_of(&self, listing: Listing, decoder: DecoderChoice) -> ImageSource {
        ImageSource::Files {
            listing,
            decoder: FileDecoder::with(Box::new(TransformersLoading::new(decoder))),
            skip_bad_files: self.skip_bad_files,
        }
    }

    /// Whether the images are a user's files.
    pub(super) fn are_files(&self) -> bool {
        self.images.is_some()
    }

    /// Whose pixels the files have.
    pub(super) fn decoder(&self) -> DecoderChoice {
        self.decoder
    }

    fn listing(&self, images: &Path) -> Result<Listing> {
        if images != Path::new("-") {
            return Ok(Listing::Folder { folder: images.to_owned(), recursive: self.recursive });
        }
        if self.recursive {
            return Err(input_error!(
                "--recursive needs a folder, and --images - is a list of files; leave one out"
            ));
        }
        let mut text = Vec::new();
        io::stdin()
            .lock()
            .read_to_end(&mut text)
            .map_err(|error| input_error!("cannot read the list of images from stdin: {error}"))?;
        Listing::of_text(&text)
    }
}

/// What every processor computes.
#[derive(Debug, Args)]
pub(super) struct ParameterOptions {
    /// A preprocessor_config.json [default: the checkpoint's file, or NaFlex's parameters]
    #[arg(long, value_name = "FILE", env = "PATCHMARK_PREPROCESSOR")]
    preprocessor: Option<PathBuf>,
    /// Most patches that an image may have after resizing; it is padded to this number
    #[arg(long, value_name = "N", env = "PATCHMARK_MAX_NUM_PATCHES")]
    pub(super) max_num_patches: Option<usize>,
    /// Side of a patch in pixels
    #[arg(long, value_name = "PX", env = "PATCHMARK_PATCH_SIZE")]
    patch_size: Option<usize>,
}

impl ParameterOptions {
    /// The preprocessor_config.json, if one is named.
    pub(super) fn file(&self) -> Option<&Path> {
        self.preprocessor.as_deref()
    }

    /// Whether any of them is given.
    pub(super) fn are_given(&self) -> bool {
        self.preprocessor.is_some() || self.max_num_patches.is_some() || self.patch_size.is_some()
    }

    /// The parameters: options override the named file, else the checkpoint's own file, else the defaults.
    pub(super) fn parameters(&self, checkpoint: Option<&Path>) -> Result<Parameters> {
        let own =
            checkpoint.map(|folder| folder.join("preprocessor_config.json")).filter(|file| file.exists());
        let mut parameters = match self.preprocessor.as_ref().or(own.as_ref()) {
            Some(file) => Parameters::read(file)?,
            None => Parameters::default(),
        };
        if let Some(limit) = self.max_num_patches {
            parameters.max_num_patches = limit;
        }
        if let Some(side) = self.patch_size {
            parameters.patch_size = side;
        }
        parameters.validate()?;
        Ok(parameters)
    }
}

/// Where processors and forwards run.
#[derive(Debug, Args)]
pub(super) struct DeviceOptions {
    /// cpu or cuda:N
    #[arg(long, default_value = "cpu", env = "PATCHMARK_DEVICE")]
    device: String,
    /// Threads for torch and for the processors that have their own [default: every logical CPU]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, env = "PATCHMARK_THREADS")]
    threads: usize,
}

impl DeviceOptions {
    /// The device as the user named it.
    pub(super) fn name(&self) -> &str {
        &self.device
    }

    /// The device, which may be absent.
    pub(super) fn named(&self) -> Result<Device> {
        named_device(&self.device)
    }

    /// The device, which must be present.
    pub(super) fn device(&self) -> Result<Device> {
        parse_device(&self.device)
    }

    /// The number of threads, with the default filled in.
    pub(super) fn threads(&self) -> usize {
        if self.threads == 0 { thread::available_parallelism().map_or(1, usize::from) } else { self.threads }
    }

    /// Sets torch's number of threads and returns it.
    pub(super) fn use_threads(&self) -> Result<usize> {
        use_threads(self.threads())
    }
}

/// Sets torch's number of threads and returns it; 0 stands for one per logical CPU.
pub(super) fn use_threads(threads: usize) -> Result<usize> {
    let threads = if threads == 0 { thread::available_parallelism().map_or(1, usize::from) } else { threads };
    let count = i32::try_from(threads).ok().filter(|count| *count <= 4096);
    let count = count.ok_or_else(|| input_error!("--threads {threads} is too many; give at most 4096"))?;
    tch::set_num_threads(count);
    Ok(threads)
}

/// Keeps transformers and huggingface_hub off the network unless `allowed`.
///
/// Must be called before any other thread is started.
pub(super) fn allow_network(allowed: bool) {
    for variable in ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"] {
        if !allowed {
            // SAFETY: commands call this before they start a thread, so nothing else reads the environment now.
            unsafe { std::env::set_var(variable, "1") };
        }
    }
}

/// A bar on stderr, drawn only on a terminal.
pub(super) fn progress_bar(length: u64) -> Result<ProgressBar> {
    let style = ProgressStyle::with_template("{bar:28} {wide_msg}")?;
    Ok(ProgressBar::new(length).with_style(style))
}
