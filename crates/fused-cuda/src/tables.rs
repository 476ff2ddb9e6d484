//! The weights of an axis, arranged for the kernel.

use patchmark_fused::Axis;

/// Neighbouring pixels of a row, or neighbouring rows, that share a word.
pub(crate) const NEIGHBOURS: usize = 4;

/// An axis whose windows consist of whole words. Weights that this adds before and after the original window are zero.
#[derive(Debug)]
pub(crate) struct WordAxis {
    /// The first word of each output; never decreasing.
    pub first: Vec<u32>,
    /// Words per output.
    pub steps: usize,
    /// `[output][step]`, four weights each.
    weights: Vec<[i16; NEIGHBOURS]>,
    /// Fraction bits.
    pub shift: u32,
}

impl WordAxis {
    /// Arranges `axis`, whose input has `input` pixels.
    pub fn new(axis: &Axis, input: usize) -> Self {
        let outputs = axis.output();
        let words = |(first, weights): (u32, &[i16])| {
            (first as usize % NEIGHBOURS + weights.len()).div_ceil(NEIGHBOURS)
        };
        let steps = (0..outputs).map(|i| words(axis.window(i))).max().unwrap_or(1);
        // All outputs have the same number of words, so the last ones must begin early enough to end inside the input.
        let last = input.div_ceil(NEIGHBOURS).saturating_sub(steps);
        let place = |i: usize| {
            let (first, weights) = axis.window(i);
            let word = (first as usize / NEIGHBOURS).min(last);
            (word, first as usize - word * NEIGHBOURS, weights)
        };
        let mut words = Self {
            first: Vec::with_capacity(outputs),
            steps,
            weights: vec![[0; NEIGHBOURS]; outputs * steps],
            shift: axis.precision(),
        };
        for i in 0..outputs {
            let (word, skipped, weights) = place(i);
            words.first.push(word as u32);
            let to = words.weights[i * steps..][..steps].as_flattened_mut();
            to[skipped..][..weights.len()].copy_from_slice(weights);
        }
        words
    }

    /// One past the last word of output `to`, and thus of all outputs up to it.
    pub fn end(&self, to: usize) -> usize {
        self.first[to] as usize + self.steps
    }

    /// The number of outputs.
    pub fn outputs(&self) -> usize {
        self.first.len()
    }

    /// Appends the weights to `bytes`, output by output.
    pub fn write_by_output(&self, bytes: &mut Vec<u8>) {
        self.weights.iter().for_each(|four| write_word(four, bytes));
    }

    /// Appends the weights to `bytes`, step by step: threads of neighbouring outputs then load neighbouring weights.
    pub fn write_by_step(&self, bytes: &mut Vec<u8>) {
        for step in 0..self.steps {
            self.weights.iter().skip(step).step_by(self.steps).for_each(|four| write_word(four, bytes));
        }
    }

    /// Appends the first word of each output to `bytes`.
    pub fn write_first(&self, bytes: &mut Vec<u8>) {
        self.first.iter().for_each(|first| bytes.extend(first.to_le_bytes()));
    }
}

fn write_word(four: &[i16; NEIGHBOURS], bytes: &mut Vec<u8>) {
    four.iter().for_each(|weight| bytes.extend(weight.to_le_bytes()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use patchmark_fused::Filter;

    #[test]
    fn words_hold_the_windows_and_zeros_around_them() {
        for (input, output) in [(1024, 288), (768, 224), (1, 16), (17, 16), (4000, 16), (7, 7)] {
            for filter in [Filter::Bilinear, Filter::Bicubic] {
                let axis = Axis::new(input, output, filter);
                let words = WordAxis::new(&axis, input);
                assert!(words.first.is_sorted());
                assert!(words.end(output - 1) <= input.div_ceil(4), "nothing beyond the input is read");
                for i in 0..output {
                    let (first, weights) = axis.window(i);
                    let skipped = first as usize - words.first[i] as usize * 4;
                    let row = words.weights[i * words.steps..][..words.steps].as_flattened();
                    assert_eq!(&row[skipped..][..weights.len()], weights);
                    assert_eq!(
                        row.iter().filter(|w| **w != 0).count(),
                        weights.iter().filter(|w| **w != 0).count()
                    );
                }
            }
        }
    }

    #[test]
    fn the_usual_downscale_takes_three_words() {
        assert_eq!(WordAxis::new(&Axis::new(1024, 288, Filter::Bilinear), 1024).steps, 3);
        assert_eq!(WordAxis::new(&Axis::new(768, 224, Filter::Bilinear), 768).steps, 3);
    }
}
