//! Warnings about planted faults, and their absence in clean noise.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::simulate::normal;

fn noisy(count: usize, deviation: f64, rng: &mut ChaCha8Rng) -> Vec<f64> {
    (0..count).map(|_| 10.0 * (deviation * normal(rng)).exp()).collect()
}

fn of(samples: &[f64]) -> Vec<Warning> {
    warnings(&[Series { name: "hf at batch 8".to_owned(), samples }])
}

#[test]
fn clean_noise_gives_almost_no_warning() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for count in [6, 7, 8, 10, 20, 50, 200] {
        for deviation in [0.0, 0.002, 0.01, 0.03] {
            let found: Vec<_> = (0..1000).flat_map(|_| of(&noisy(count, deviation, &mut rng))).collect();
            assert!(
                found.len() <= 5,
                "{} of 1000 series of {count} at {deviation}: {:?}",
                found.len(),
                found.first()
            );
        }
    }
}

#[test]
fn planted_noise_outliers_and_drift_are_found() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let mut found = [0; 3];
    for _ in 0..200 {
        let noise = of(&noisy(30, 0.2, &mut rng));
        found[0] += usize::from(matches!(noise.as_slice(), [Warning::Noise { .. }]));
        let mut spiked = noisy(30, 0.01, &mut rng);
        spiked[7] *= 3.0;
        spiked[20] *= 0.6;
        let outliers = of(&spiked);
        found[1] += usize::from(matches!(
            outliers.as_slice(),
            [Warning::Outliers { count: 2, samples: 30, furthest, .. }] if (2.8..3.2).contains(furthest)
        ));
        let mut heated = noisy(30, 0.02, &mut rng);
        heated.iter_mut().zip(0..).for_each(|(time, round)| *time *= 1.0 + 0.3 * f64::from(round) / 30.0);
        let drift = of(&heated);
        found[2] += usize::from(matches!(
            drift.as_slice(),
            [Warning::Drift { change, .. }] if (0.1..0.2).contains(change)
        ));
    }
    assert!(found.iter().all(|found| *found >= 195), "{found:?}");
}

#[test]
fn a_fall_is_a_drift_as_well() {
    let falling: Vec<f64> = (0..12).map(|round| 10.0 - 0.3 * f64::from(round)).collect();
    assert!(matches!(of(&falling).as_slice(), [Warning::Drift { change, .. }] if *change < -0.1));
}

#[test]
fn many_rows_give_one_warning_of_each_kind_about_the_worst() {
    let level = [1.0, 1.01, 0.99, 1.0, 1.02, 0.98, 1.0, 1.0];
    let spiked = |factor| {
        let mut samples = level;
        samples[3] = factor;
        samples
    };
    let rows = [level, spiked(2.0), spiked(5.0), level];
    let series = |(index, samples): (usize, &'static [f64])| Series { name: format!("row {index}"), samples };
    let rows: Vec<&'static [f64]> = rows.into_iter().map(|row| &*Vec::from(row).leak()).collect();
    let found = warnings(&rows.iter().copied().enumerate().map(series).collect::<Vec<_>>());
    let affected = Affected { rows: 2, of: 4, most: "row 2".to_owned() };
    assert_eq!(found, [Warning::Outliers { affected, count: 1, samples: 8, furthest: 5.0 }]);
    let text = found[0].to_string();
    assert!(
        text.contains("2 of 4 rows, most of all row 2: 1 of 8 samples lies") && text.contains("5.0×"),
        "{text}"
    );
}

#[test]
fn few_rounds_are_warned_about_and_nothing_is_read_from_them() {
    assert_eq!(of(&[1.0, 9.0, 1.0]), [Warning::FewRounds { fewest: 3 }]);
    assert!(of(&[1.0, 9.0, 1.0])[0].to_string().contains("there are rows with 3. Their"));
    assert_eq!(of(&[]), []);
    assert_eq!(of(&[1.0, f64::NAN, 1.0, 1.0, 1.0, 1.0, -1.0]), []);
}
