//! The installer of a prebuilt program, over HTTP and from a folder, with a program that only says its
//! version.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// What scripts/release leaves behind, for this machine.
fn dist(dir: &Path) -> PathBuf {
    let dist = dir.join("dist");
    let name = format!("throughline-9.8.7-{}-unknown-linux-musl", std::env::consts::ARCH);
    let inside = dist.join(&name);
    std::fs::create_dir_all(&inside).unwrap();
    std::fs::write(inside.join("throughline"), "#!/bin/sh\necho throughline 9.8.7\n").unwrap();
    std::fs::write(dist.join("VERSION"), "9.8.7\n").unwrap();
    let script = format!(
        "chmod +x {name}/throughline && tar -czf {name}.tar.gz {name} && rm -r {name} && sha256sum VERSION *.tar.gz >SHA256SUMS"
    );
    let done = Command::new("sh").arg("-c").arg(script).current_dir(&dist).status().unwrap();
    assert!(done.success());
    dist
}

fn install(arguments: &[&str], home: &Path) -> Output {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packaging/install.sh");
    Command::new("sh").arg(script).args(arguments).env("HOME", home).env_remove("THROUGHLINE_FROM").output().unwrap()
}

#[track_caller]
fn check(out: &Output, success: bool, expected: &str) {
    let said = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert_eq!(out.status.success(), success, "{said}");
    assert!(said.contains(expected), "{said}");
}

fn can_run() -> bool {
    let has = |program: &str| Command::new(program).arg("--version").output().is_ok_and(|o| o.status.success());
    let able = cfg!(target_os = "linux") && has("curl") && has("tar") && has("sha256sum");
    if !able {
        println!("skipped: the installer needs Linux with curl, tar and sha256sum");
    }
    able
}

#[test]
fn it_installs_what_the_sums_say_and_takes_it_away_again() {
    if !can_run() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (dist, to) = (dist(dir.path()), dir.path().join("bin"));
    let from = dist.to_str().unwrap();
    let at = to.to_str().unwrap();
    check(&install(&[], dir.path()), false, "say where from");
    check(&install(&["--wrong"], dir.path()), false, "`--wrong` is not known");
    check(&install(&["--from", from, "--to", at], dir.path()), true, "Installed throughline 9.8.7 as");
    let said = Command::new(to.join("throughline")).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&said.stdout), "throughline 9.8.7\n");
    check(&install(&["--uninstall", "--to", at], dir.path()), true, "Removed");
    assert!(!to.join("throughline").exists());
    check(&install(&["--uninstall", "--to", at], dir.path()), false, "there is no");

    // One changed byte, and nothing is installed.
    let archive = std::fs::read_dir(&dist)
        .unwrap()
        .map(|f| f.unwrap().path())
        .find(|p| p.extension().is_some_and(|e| e == "gz"))
        .unwrap();
    let mut bytes = std::fs::read(&archive).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&archive, bytes).unwrap();
    check(&install(&["--from", from, "--to", at], dir.path()), false, "is not what SHA256SUMS says");
    assert!(!to.join("throughline").exists());
    std::fs::remove_file(dist.join("SHA256SUMS")).unwrap();
    check(&install(&["--from", from, "--to", at], dir.path()), false, "cannot fetch");
}

#[test]
fn it_fetches_over_http() {
    if !can_run() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (dist, to) = (dist(dir.path()), dir.path().join("bin"));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let from = format!("http://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (mut asked, mut part) = (Vec::new(), [0; 1024]);
            while !asked.windows(4).any(|w| w == b"\r\n\r\n") {
                let n = stream.read(&mut part).unwrap();
                asked.extend_from_slice(&part[..n]);
            }
            let asked = String::from_utf8_lossy(&asked).into_owned();
            let name = asked.split(' ').nth(1).unwrap().trim_start_matches('/');
            let body = std::fs::read(dist.join(name));
            let status = if body.is_ok() { "200 OK" } else { "404 Not Found" };
            let body = body.unwrap_or_default();
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(&body).unwrap();
        }
    });
    check(
        &install(&["--from", &from, "--to", to.to_str().unwrap()], dir.path()),
        true,
        "Installed throughline 9.8.7 as",
    );
    let elsewhere = format!("{from}nowhere");
    check(&install(&["--from", &elsewhere, "--to", to.to_str().unwrap()], dir.path()), false, "cannot fetch");
}
