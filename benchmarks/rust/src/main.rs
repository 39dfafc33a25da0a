//! Audits records of the signer's log as `vaultproof` does: `epochs FILE KEY`.
//!
//! FILE has a record and the operator's signature (hex) on each line, with a tab between; KEY is the Ed25519 key in hex.
//! Per record: parse it strictly, rebuild the signed message, verify it, hash 4 KiB, verify the second signature.

use ed25519_dalek::{Signature, VerifyingKey};
use serde::Deserialize;
use sha2::{Digest, Sha256};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    version: u32,
    ciphersuite: u32,
    namespace: String,
    timestamp: u64,
    epoch: u64,
    digest: String,
    signature: String,
    key_id: u8,
    serialized_message: String,
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn message(record: &Record, digest: &[u8]) -> Vec<u8> {
    let mut epoch = vec![0x08];
    varint(&mut epoch, record.epoch);
    let mut out = vec![0x08];
    varint(&mut out, record.ciphersuite.into());
    out.push(0x12);
    varint(&mut out, record.namespace.len() as u64);
    out.extend(record.namespace.as_bytes());
    out.push(0x18);
    varint(&mut out, record.timestamp);
    out.push(0x22);
    varint(&mut out, epoch.len() as u64);
    out.extend(&epoch);
    out.push(0x2a);
    varint(&mut out, digest.len() as u64);
    out.extend(digest);
    out
}

fn check(line: &str, key: &VerifyingKey, artifact: &[u8]) -> u8 {
    let (json, counter) = line.split_once('\t').expect("a tab");
    let record: Record = serde_json::from_str(json).expect("a record");
    assert_eq!(record.version, record.ciphersuite);
    assert_eq!(record.key_id, key.as_bytes()[31]);
    let digest = hex::decode(&record.digest).expect("a digest");
    let signature = hex::decode(&record.signature).expect("a signature");
    let message = message(&record, &digest);
    assert_eq!(hex::decode(&record.serialized_message).expect("a message"), message);
    let signed = Signature::from_slice(&signature).expect("64 bytes");
    key.verify_strict(&message, &signed).expect("the signer's signature");
    let hash = Sha256::digest(artifact);
    let counter = Signature::from_slice(&hex::decode(counter).expect("hex")).expect("64 bytes");
    key.verify_strict(&signature, &counter).expect("the operator's signature");
    hash[0]
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let text = std::fs::read_to_string(&arguments[1]).expect("the file");
    let bytes: [u8; 32] = hex::decode(&arguments[2]).expect("hex").try_into().expect("32 bytes");
    let key = VerifyingKey::from_bytes(&bytes).expect("a key");
    let artifact = [0u8; 4096];
    let sum: u64 = text.lines().map(|line| u64::from(check(line, &key, &artifact))).sum();
    println!("{} {sum}", text.lines().count());
}
