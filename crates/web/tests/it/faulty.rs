//! A line between a sender and the server that is as bad as lines are: it answers instead of the
//! server, hangs up, or loses the server's answer.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What befalls one request.
#[derive(Debug, Clone, Copy)]
pub enum Ill {
    /// Somebody between answers with a status, and after how many seconds to come back.
    Answer(u16, Option<u32>),
    /// It arrives, and the line breaks before the answer.
    LostAnswer,
    /// The line breaks before it arrives.
    Broken,
}

/// A line; requests beyond the ills pass.
pub struct Line {
    pub address: SocketAddr,
    /// Requests so far.
    requests: Arc<AtomicUsize>,
}

impl Line {
    pub fn to(server: SocketAddr, ills: &'static [Ill]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(AtomicUsize::new(0));
        let counted = requests.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let counted = counted.clone();
                std::thread::spawn(move || drop(carry(stream, server, ills, &counted)));
            }
        });
        Self { address, requests }
    }

    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::Acquire)
    }
}

fn carry(stream: TcpStream, server: SocketAddr, ills: &[Ill], counted: &AtomicUsize) -> std::io::Result<()> {
    let mut sender = BufReader::new(stream);
    while let Some(request) = message(&mut sender)? {
        match ills.get(counted.fetch_add(1, Ordering::AcqRel)) {
            Some(Ill::Answer(status, pause)) => {
                let pause = pause.map_or_else(String::new, |s| format!("Retry-After: {s}\r\n"));
                let body = r#"{"code":"busy","message":"come back","detail":"come back"}"#;
                let length = body.len();
                write!(
                    sender.get_mut(),
                    "HTTP/1.1 {status} Busy\r\nContent-Type: application/json\r\n{pause}Content-Length: {length}\r\n\r\n{body}"
                )?;
            }
            Some(Ill::Broken) => return Ok(()),
            ill => {
                let mut there = BufReader::new(TcpStream::connect(server)?);
                there.get_mut().write_all(&request)?;
                let answer = message(&mut there)?.unwrap_or_default();
                if matches!(ill, Some(Ill::LostAnswer)) {
                    return Ok(());
                }
                sender.get_mut().write_all(&answer)?;
            }
        }
    }
    Ok(())
}

/// The bytes of one message, head and body.
fn message(from: &mut BufReader<TcpStream>) -> std::io::Result<Option<Vec<u8>>> {
    let mut all = Vec::new();
    let (mut length, mut is_chunked) = (0, false);
    loop {
        let start = all.len();
        if from.read_until(b'\n', &mut all)? == 0 {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&all[start..]).trim().to_ascii_lowercase();
        if let Some(n) = line.strip_prefix("content-length:") {
            length = n.trim().parse().unwrap_or(0);
        }
        is_chunked |= line.starts_with("transfer-encoding:") && line.contains("chunked");
        if line.is_empty() {
            break;
        }
    }
    if is_chunked {
        while !all.ends_with(b"\r\n0\r\n\r\n") {
            if from.read_until(b'\n', &mut all)? == 0 {
                return Ok(None);
            }
        }
    } else {
        let start = all.len();
        all.resize(start + length, 0);
        from.read_exact(&mut all[start..])?;
    }
    Ok(Some(all))
}
