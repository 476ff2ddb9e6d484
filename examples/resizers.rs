//! Compares the processors with popular resizers in one process and one run: OpenCV, Pillow, torchvision,
//! fast_image_resize and hf-processors-rs. `make resizers` installs what it needs and writes `reports/resizers.md`.
//!
//! Every subject runs on one thread over the same decoded photographs and does as much of the work as it can, which the
//! table lists. Differences from transformers' values are counted in bytes after the resize, and in f32 after the
//! normalisation.

use std::{
    fmt::Write as _,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, ensure};
use fast_image_resize::{
    FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer,
    images::{Image, ImageRef},
};
use patchmark::{
    processor::{self, FedBatch, Parameters, Processor, StageClock},
    python,
    workload::{DecodedImage, ImageSource, Sizes, Workload},
};
use patchmark_fused::target_size;
use pyo3::{
    prelude::*,
    types::{PyBytes, PyList, PyModule},
};
use tch::Device;

/// Images per batch, and the time spent on each image size.
const BATCH: usize = 8;
const BUDGET: Duration = Duration::from_secs(20);

/// The subjects in Python: each takes images in its own form and returns resized bytes or normalised values.
const SUBJECTS: &std::ffi::CStr = cr#"
import cv2, hf_processors_rs, numpy, PIL.Image, torch
from torchvision.transforms.v2 import functional as F

cv2.setNumThreads(1)

class Subjects:
    def __init__(self, images, height, width):
        self.size = (width, height)
        self.arrays = [numpy.frombuffer(rgb, numpy.uint8).reshape(h, w, 3) for h, w, rgb in images]
        self.pil = [PIL.Image.fromarray(array) for array in self.arrays]
        self.chw = [torch.from_numpy(array.copy()).permute(2, 0, 1).contiguous() for array in self.arrays]
        self.last = [torch.from_numpy(array.copy()).permute(2, 0, 1) for array in self.arrays]
        self.siglip = hf_processors_rs.AutoImageProcessor.from_dict({
            "image_processor_type": "SiglipImageProcessor", "size": {"height": height, "width": width},
            "resample": 2, "image_mean": [0.5] * 3, "image_std": [0.5] * 3, "rescale_factor": 1 / 255,
            "do_resize": True, "do_rescale": True, "do_normalize": True,
        })

    def opencv_linear(self):
        return [cv2.resize(image, self.size, interpolation=cv2.INTER_LINEAR) for image in self.arrays]

    def opencv_area(self):
        return [cv2.resize(image, self.size, interpolation=cv2.INTER_AREA) for image in self.arrays]

    def pillow(self):
        return [image.resize(self.size, PIL.Image.Resampling.BILINEAR) for image in self.pil]

    def torchvision_chw(self):
        return [F.resize(image, self.size[::-1], antialias=True) for image in self.chw]

    def torchvision_channels_last(self):
        # Only with a batch dimension does torch treat the memory as channels-last.
        return [F.resize(image[None].contiguous(memory_format=torch.channels_last), self.size[::-1], antialias=True)
                for image in self.last]

    def hf_processors_rs(self):
        return self.siglip(self.arrays, num_threads=1)

    def differing(self, name):
        """The number of values that differ from torchvision's resize (and normalisation), and the number of all values."""
        expected = [image.numpy() for image in self.torchvision_chw()]
        actual = getattr(self, name)()
        if name == "hf_processors_rs":
            expected = [((torch.from_numpy(image).float() - 127.5) / 127.5).numpy() for image in expected]
            actual = list(actual)
        elif name.startswith("torchvision"):
            actual = [image.reshape(image.shape[-3:]).numpy() for image in actual]
        else:
            actual = [numpy.asarray(image).transpose(2, 0, 1) for image in actual]
        pairs = list(zip(expected, actual, strict=True))
        return sum(int((a != b).sum()) for a, b in pairs), sum(a.size for a, _ in pairs)
"#;

/// What is timed.
enum Subject {
    Processor(Box<dyn Processor>, FedBatch),
    FastImageResize(Box<Resizer>, Vec<Image<'static>>),
    Python(Py<PyAny>),
}

struct Row {
    label: String,
    work: &'static str,
    subject: Subject,
    differing: (u64, u64),
    samples: Vec<f64>,
}

impl Row {
    fn run(&mut self, images: &[Arc<DecodedImage>]) -> Result<()> {
        let start = Instant::now();
        match &mut self.subject {
            Subject::Processor(processor, fed) => {
                let outputs = processor.process(fed, &mut StageClock::disabled())?;
                self.samples.push(start.elapsed().as_secs_f64());
                drop(outputs);
                return Ok(());
            }
            Subject::FastImageResize(resizer, outputs) => fast_image_resize(resizer, images, outputs)?,
            Subject::Python(method) => {
                Python::attach(|py| method.call0(py).map(drop))?;
            }
        }
        self.samples.push(start.elapsed().as_secs_f64());
        Ok(())
    }

    fn median_ms(&self) -> f64 {
        let mut sorted = self.samples.clone();
        sorted.sort_by(f64::total_cmp);
        sorted[sorted.len() / 2] * 1e3 / BATCH as f64
    }
}

fn fast_image_resize(
    resizer: &mut Resizer,
    images: &[Arc<DecodedImage>],
    outputs: &mut [Image],
) -> Result<()> {
    let options =
        ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear)).use_alpha(false);
    for (image, output) in images.iter().zip(outputs) {
        let source = ImageRef::new(image.width as u32, image.height as u32, &image.rgb, PixelType::U8x3)?;
        resizer.resize(&source, output, &options)?;
    }
    Ok(())
}

fn rows(images: &[Arc<DecodedImage>], height: usize, width: usize) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for name in ["hf", "hf-chw", "batched", "fused", "fused-chw"] {
        let processor = processor::create(name, &Parameters::default(), Device::Cpu, 1)?;
        let fed = FedBatch::new(processor.feed(), images)?;
        let outputs = processor.process(&fed, &mut StageClock::disabled())?;
        let reference = processor::create(processor::REFERENCE, &Parameters::default(), Device::Cpu, 1)?;
        let expected =
            reference.process(&FedBatch::new(reference.feed(), images)?, &mut StageClock::disabled())?;
        let found = patchmark::parity::compare(&expected, &outputs)?;
        rows.push(Row {
            label: format!("`{name}` (fed {})", processor.feed()),
            work: "everything",
            subject: Subject::Processor(processor, fed),
            differing: (found.differing, found.total),
            samples: Vec::new(),
        });
    }
    python::start()?;
    Python::attach(|py| -> PyResult<()> {
        let module = PyModule::from_code(py, SUBJECTS, c"resizers.py", c"resizers")?;
        let list = PyList::empty(py);
        for image in images {
            list.append((image.height, image.width, PyBytes::new(py, &image.rgb)))?;
        }
        let subjects = module.getattr("Subjects")?.call1((list, height, width))?;
        for (method, label, work) in [
            ("opencv_linear", "OpenCV `INTER_LINEAR`", "resize, not antialiased"),
            ("opencv_area", "OpenCV `INTER_AREA`", "resize"),
            ("pillow", "Pillow `BILINEAR`", "resize"),
            ("torchvision_chw", "torchvision `resize`, CHW", "resize"),
            ("torchvision_channels_last", "torchvision `resize`, channels-last", "resize"),
            ("hf_processors_rs", "hf-processors-rs (SigLIP)", "resize, normalise"),
        ] {
            let differing = subjects.call_method1("differing", (method,))?.extract()?;
            let subject = Subject::Python(subjects.getattr(method)?.unbind());
            rows.push(Row { label: label.into(), work, subject, differing, samples: Vec::new() });
        }
        // fast_image_resize is compared with the same bytes as Pillow and OpenCV.
        let expected: Vec<Vec<u8>> = subjects
            .call_method0("torchvision_channels_last")?
            .try_iter()?
            .map(|image| {
                image?
                    .call_method1("permute", (0, 2, 3, 1))?
                    .call_method0("contiguous")?
                    .call_method0("numpy")?
                    .call_method0("tobytes")?
                    .extract()
            })
            .collect::<PyResult<_>>()?;
        let mut resizer = Box::new(Resizer::new());
        let mut outputs: Vec<_> =
            images.iter().map(|_| Image::new(width as u32, height as u32, PixelType::U8x3)).collect();
        fast_image_resize(&mut resizer, images, &mut outputs)
            .map_err(|error| pyo3::exceptions::PyRuntimeError::new_err(error.to_string()))?;
        let differing = outputs
            .iter()
            .zip(&expected)
            .map(|(actual, expected)| {
                actual.buffer().iter().zip(expected).filter(|(a, b)| a != b).count() as u64
            })
            .sum();
        rows.push(Row {
            label: "fast_image_resize `Bilinear`".into(),
            work: "resize",
            subject: Subject::FastImageResize(resizer, outputs),
            differing: (differing, expected.iter().map(|image| image.len() as u64).sum()),
            samples: Vec::new(),
        });
        Ok(())
    })
    .context("failed to set up the Python subjects; run `make resizers`")?;
    Ok(rows)
}

fn main() -> Result<()> {
    let output = std::env::args().nth(1).ok_or_else(|| anyhow!("usage: resizers FILE.md"))?;
    tch::set_num_threads(1);
    python::start()?;
    tch::set_num_threads(1);
    let mut text = String::new();
    let environment = patchmark::measure::environment()?;
    writeln!(text, "# Compared with other resizers\n")?;
    writeln!(
        text,
        "Milliseconds per image on one thread, median of paired rounds in one run, batches of {BATCH} photographs resized\n\
         to 288×224 px (256 patches of 16 px). Written by `make resizers` on {} ({}), torch {}, Pillow {}.\n\n\
         `fused` does all of the work, the others only what their row says. Values are compared with transformers' values\n\
         after the same steps.",
        environment.cpu,
        environment.cpu_capability,
        environment.versions["torch"],
        environment.versions["pillow"]
    )?;
    for size in ["1024x768", "640x480"] {
        let sizes: Sizes = size.parse()?;
        let workload = Workload::load_all(&ImageSource::BuiltIn, &sizes)?.remove(0);
        let images = workload.batch(BATCH)?;
        let (height, width) = target_size(images[0].height, images[0].width, 16, 256);
        let mut rows = rows(&images, height, width)?;
        for row in &mut rows {
            row.run(&images)?;
            row.samples.clear();
        }
        let start = Instant::now();
        let mut rounds = 0;
        while start.elapsed() < BUDGET || rounds < 5 {
            let count = rows.len();
            for index in 0..count {
                // Every second round runs in reverse order, so that a drift affects all subjects equally.
                let index = if rounds % 2 == 0 { index } else { count - 1 - index };
                rows[index].run(&images)?;
            }
            rounds += 1;
        }
        let fused = rows.iter().find(|row| row.label.contains("`fused`")).map(Row::median_ms);
        let fused = fused.ok_or_else(|| anyhow!("there is no fused row"))?;
        ensure!(fused > 0.0, "no time was measured");
        writeln!(text, "\n## {}, {rounds} rounds\n", size.replace('x', "×"))?;
        writeln!(text, "| | does | ms per image | × `fused` | values that differ |")?;
        writeln!(text, "| :--- | :--- | ---: | ---: | ---: |")?;
        rows.sort_by(|a, b| a.median_ms().total_cmp(&b.median_ms()));
        for row in &rows {
            let (differing, total) = row.differing;
            let share = if differing == 0 {
                "0".to_owned()
            } else {
                format!("{:.1}%", 100.0 * differing as f64 / total as f64)
            };
            writeln!(
                text,
                "| {} | {} | {:.3} | {:.2} | {share} |",
                row.label,
                row.work,
                row.median_ms(),
                row.median_ms() / fused
            )?;
        }
    }
    print!("{text}");
    std::fs::write(&output, text).with_context(|| format!("failed to write {output}"))
}
