//! Whether two runs measured the same thing, on machines whose times can be compared.

use patchmark_results::{Allowance, Run, text::clean};

/// How the two runs differ in what they measured; if they do, none of their figures can be compared.
pub fn different_work(run: &Run, baseline: &Run) -> Vec<String> {
    let (a, b) = (&run.settings, &baseline.settings);
    let patches = |count: usize| count.to_string();
    named(&[
        ("model", a.model.clone(), b.model.clone()),
        ("tower", a.tower.clone(), b.tower.clone()),
        ("dtype", a.dtype.clone(), b.dtype.clone()),
        ("images", a.workload.clone(), b.workload.clone()),
        ("max_num_patches", patches(a.max_num_patches), patches(b.max_num_patches)),
        ("patch_size", patches(a.patch_size), patches(b.patch_size)),
    ])
}

/// How the environments differ in what absolute times depend on: the machine, its device, the threads, the CPU time that
/// the process may use, and the versions of the libraries. The versions of the kernel and of Python do not count.
pub fn differences(run: &Run, baseline: &Run) -> Vec<String> {
    let (a, b) = (&run.environment, &baseline.environment);
    let kind = |device: &str| device.split(':').next().unwrap_or_default().to_owned();
    let gpus = |gpus: &[String]| if gpus.is_empty() { "none".to_owned() } else { gpus.join(", ") };
    let mut facts = vec![
        ("device", kind(&run.settings.device), kind(&baseline.settings.device)),
        ("CPU", a.cpu.clone(), b.cpu.clone()),
        ("vector level", a.cpu_capability.clone(), b.cpu_capability.clone()),
        ("logical CPUs", a.logical_cpus.to_string(), b.logical_cpus.to_string()),
        ("threads", run.settings.threads.to_string(), baseline.settings.threads.to_string()),
        ("GPUs", gpus(&a.gpus), gpus(&b.gpus)),
    ];
    // Older documents do not say it, which is no difference.
    if let (Some(own), Some(other)) = (&a.allowance, &b.allowance) {
        for ((name, own), (_, other)) in allowed(own).into_iter().zip(allowed(other)) {
            facts.push((name, own, other));
        }
    }
    for library in ["torch", "torchvision", "transformers", "pillow"] {
        let version = |versions: &std::collections::BTreeMap<String, String>| {
            versions.get(library).cloned().unwrap_or_default()
        };
        facts.push((library, version(&a.versions), version(&b.versions)));
    }
    named(&facts)
}

/// What of an allowance absolute times depend on, by name; empty where the system does not tell.
fn allowed(allowance: &Allowance) -> [(&'static str, String); 4] {
    [
        ("CPU quota", allowance.cpu_quota.map_or_else(|| "none".into(), |quota| quota.to_string())),
        ("CPUs of the process", allowance.affinity_cpus.map_or_else(String::new, |cpus| cpus.to_string())),
        ("SMT", allowance.smt.map_or("", |smt| if smt { "on" } else { "off" }).to_owned()),
        ("governor", allowance.governor.clone().unwrap_or_default()),
    ]
}

fn named(facts: &[(&str, String, String)]) -> Vec<String> {
    let differ = facts.iter().filter(|(_, own, other)| own != other);
    let shown = |text: &str| if text.is_empty() { "unknown".to_owned() } else { clean(text) };
    differ
        .map(|(name, own, other)| format!("{name}: {} here, {} in the baseline", shown(own), shown(other)))
        .collect()
}

#[cfg(test)]
mod tests {
    use patchmark_results::fixtures::run as fixtures;

    use super::*;

    #[test]
    fn the_cpu_time_that_a_process_may_use_is_part_of_the_machine() {
        let (mut run, mut baseline) = (fixtures::run(&["hf"], &[1]), fixtures::run(&["hf"], &[1]));
        let allowance = |cpu_quota| Allowance { cpu_quota, affinity_cpus: Some(16), ..Allowance::default() };
        run.environment.allowance = Some(allowance(Some(2.0)));
        assert!(differences(&run, &baseline).is_empty(), "an older baseline does not say it");
        baseline.environment.allowance = Some(allowance(None));
        assert_eq!(differences(&run, &baseline), ["CPU quota: 2 here, none in the baseline"]);
        // Times do not depend on how much memory may be taken.
        run.environment.allowance = Some(Allowance { memory_limit_bytes: Some(1), ..allowance(None) });
        assert!(differences(&run, &baseline).is_empty());
    }
}
