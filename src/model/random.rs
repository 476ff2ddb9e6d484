//! Seeded random weights, with the magnitudes with which transformers initialises a model.

use anyhow::Result;
use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use tch::Tensor;

/// The number of values drawn from one stream of the generator; fixed, so that the numbers do not depend on threads.
const CHUNK: usize = 1 << 16;

/// How one tensor is drawn: uniformly around `mean`, with standard deviation `deviation`.
struct Distribution {
    mean: f32,
    deviation: f32,
}

impl Distribution {
    fn of(name: &str, shape: &[i64]) -> Self {
        let width = |size: i64| (size as f32).sqrt();
        let (mean, deviation) = match (name, shape) {
            // Close to the values of a trained model: e^2.3 is about 10.
            ("logit_scale", _) => (2.3, 0.0),
            ("logit_bias", _) => (-10.0, 0.0),
            (_, [_, _, hidden]) => (0.0, 1.0 / width(*hidden)),
            (_, [_, hidden]) if name.contains("embeddings.") => (0.0, 1.0 / width(*hidden)),
            (_, [out, input]) => (0.0, (2.0 / (out + input) as f32).sqrt()),
            // Neither ones nor zeros, so that leaving out a norm or a bias shows.
            _ if name.contains("norm") && name.ends_with(".weight") => (1.0, 0.05),
            _ => (0.0, 0.02),
        };
        Self { mean, deviation }
    }
}

/// The f32 tensor of this name and shape on the CPU.
///
/// torch has one generator for the whole process, so another thread that draws from it would change the weights. Here
/// each tensor depends only on its name, its shape and the seed.
pub(super) fn tensor(name: &str, shape: &[i64], seed: u64) -> Result<Tensor> {
    let Distribution { mean, deviation } = Distribution::of(name, shape);
    let half_range = deviation * 3f32.sqrt();
    let mut values = vec![0f32; shape.iter().product::<i64>() as usize];
    let stream = fnv(name);
    values.par_chunks_mut(CHUNK).enumerate().for_each(|(index, chunk)| {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        generator.set_stream(stream.wrapping_add(index as u64));
        for value in chunk {
            // 24 bits, as many as an f32 can hold, spread over [-1, 1).
            let unit = (generator.next_u32() >> 8) as f32 / (1 << 23) as f32 - 1.0;
            *value = mean + half_range * unit;
        }
    });
    Ok(Tensor::f_from_slice(&values)?.f_reshape(shape)?)
}

/// The FNV-1a hash, which, unlike the standard library's, is the same in every release.
fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
