//! Proving that one knows the password without sending it: SCRAM-SHA-256 (RFC 5802, RFC 7677).

use super::Failure;
use aws_lc_rs::{digest, hmac, pbkdf2};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::num::NonZeroU32;

pub(super) const MECHANISM: &str = "SCRAM-SHA-256";

/// So often the password is hashed at most: a server that asks for more would only keep us busy.
const MOST_ROUNDS: u32 = 10_000_000;

/// A proof under way.
pub(super) struct Scram {
    password: String,
    nonce: String,
    proved: Option<(hmac::Key, Vec<u8>)>,
}

impl Scram {
    pub(super) fn new(password: &str) -> Result<Self, Failure> {
        let mut random = [0; 18];
        aws_lc_rs::rand::fill(&mut random).map_err(|_| Failure::protocol("the system gives no random numbers"))?;
        Ok(Self { password: password.to_owned(), nonce: STANDARD.encode(random), proved: None })
    }

    /// The first message. The user is the session's.
    pub(super) fn first(&self) -> String {
        format!("n,,{}", self.first_bare())
    }

    fn first_bare(&self) -> String {
        format!("n=,r={}", self.nonce)
    }

    /// The second message, with the proof, in answer to the server's first.
    pub(super) fn prove(&mut self, challenge: &str) -> Result<String, Failure> {
        let of = |name: &str| challenge.split(',').find_map(|field| field.strip_prefix(name));
        let (Some(nonce), Some(salt), Some(rounds)) = (of("r="), of("s="), of("i=")) else {
            return Err(Failure::protocol("the server's challenge cannot be read"));
        };
        let salt = STANDARD.decode(salt).map_err(|_| Failure::protocol("the server's salt cannot be read"))?;
        let rounds = rounds.parse().ok().filter(|n| *n <= MOST_ROUNDS).and_then(NonZeroU32::new);
        let rounds = rounds.ok_or_else(|| Failure::protocol("the server asks for too many rounds or none"))?;
        if !nonce.starts_with(&self.nonce) || nonce.len() == self.nonce.len() {
            return Err(Failure::protocol("the server answers somebody else's challenge"));
        }
        let mut salted = [0; digest::SHA256_OUTPUT_LEN];
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, rounds, &salt, self.password.as_bytes(), &mut salted);
        let keyed = |message: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &salted), message);
        let client_key = keyed(b"Client Key");
        let stored_key = digest::digest(&digest::SHA256, client_key.as_ref());
        let unproved = format!("c=biws,r={nonce}");
        let all = format!("{},{challenge},{unproved}", self.first_bare());
        let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, stored_key.as_ref()), all.as_bytes());
        let proof: Vec<u8> = client_key.as_ref().iter().zip(signature.as_ref()).map(|(k, s)| k ^ s).collect();
        let server_key = keyed(b"Server Key");
        self.proved = Some((hmac::Key::new(hmac::HMAC_SHA256, server_key.as_ref()), all.into_bytes()));
        Ok(format!("{unproved},p={}", STANDARD.encode(proof)))
    }

    /// Whether the server's last message shows that it knows the password too.
    pub(super) fn believe(&self, last: &str) -> Result<(), Failure> {
        let doubt = || Failure::protocol("the server does not show that it knows the password; it may be another one");
        let (key, all) = self.proved.as_ref().ok_or_else(doubt)?;
        let signature = last.split(',').find_map(|field| field.strip_prefix("v=")).ok_or_else(doubt)?;
        let signature = STANDARD.decode(signature).map_err(|_| doubt())?;
        hmac::verify(key, all, &signature).map_err(|_| doubt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7677, section 3, without the user's name, which PostgreSQL leaves out; the
    /// proof was worked out for that with Python's hashlib.
    #[test]
    fn the_proof_is_the_one_of_another_implementation() {
        let mut scram = Scram { password: "pencil".to_owned(), nonce: "rOprNGfwEbeRWgbNEkqO".to_owned(), proved: None };
        let challenge = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
        let answer = scram.prove(challenge).unwrap();
        assert_eq!(
            answer,
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=qvT2SWdEH5Q06albL+hjSYuUhCG7VndFyzIb7CK4n9k="
        );
        scram.believe("v=3HO6Qt1M4MKJrmlKaoOqLAI0/0TV0HZe7J9H3MBtSOg=").unwrap();
        assert!(scram.believe("v=AAAA").is_err());
        assert!(scram.prove("r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096").is_err());
        assert!(scram.prove("r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=0").is_err());
    }
}
