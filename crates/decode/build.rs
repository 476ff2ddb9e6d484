//! Tells the tests where libjpeg-turbo's own encoder is, and the program whether its decoder was built with SIMD.

use std::{
    env,
    path::Path,
    process::{Command, Stdio},
};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // Built and installed beside the headers, unless the library is the system's.
    let include = env::var("DEP_TURBOJPEG_INCLUDE").unwrap_or_default();
    let beside =
        include.split(',').next().map(|folder| Path::new(folder).with_file_name("bin").join("cjpeg"));
    let cjpeg = beside.filter(|file| file.exists()).unwrap_or_else(|| "cjpeg".into());
    println!("cargo:rustc-env=PATCHMARK_CJPEG={}", cjpeg.display());

    // libjpeg-turbo's build leaves SIMD out if there is no assembler for it, which x86 alone needs.
    let x86 = matches!(env::var("CARGO_CFG_TARGET_ARCH").as_deref(), Ok("x86" | "x86_64"));
    let nasm = || Command::new("nasm").arg("-v").stdout(Stdio::null()).stderr(Stdio::null()).status();
    println!("cargo:rustc-check-cfg=cfg(simd)");
    if !x86 || nasm().is_ok_and(|status| status.success()) {
        println!("cargo:rustc-cfg=simd");
    }
}
