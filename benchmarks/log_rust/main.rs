// What the audit of a record comes to in Rust: read the JSON, build the signed message, verify it strictly.
use ed25519_dalek::{Signature, VerifyingKey};
use std::io::{BufRead, BufReader};

#[derive(serde::Deserialize)]
struct Record {
    ciphersuite: u32,
    namespace: String,
    timestamp: u64,
    epoch: u64,
    #[serde(with = "hex::serde")]
    digest: Vec<u8>,
    #[serde(with = "hex::serde")]
    signature: Vec<u8>,
    key_id: u8,
    #[serde(with = "hex::serde")]
    serialized_message: Vec<u8>,
}

fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value > 0x7f {
        out.push((value as u8 & 0x7f) | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn message(record: &Record) -> Vec<u8> {
    let mut epoch = vec![0x08];
    varint(record.epoch, &mut epoch);
    let mut out = vec![0x08];
    varint(record.ciphersuite as u64, &mut out);
    out.push(0x12);
    varint(record.namespace.len() as u64, &mut out);
    out.extend_from_slice(record.namespace.as_bytes());
    out.push(0x18);
    varint(record.timestamp, &mut out);
    out.push(0x22);
    varint(epoch.len() as u64, &mut out);
    out.extend_from_slice(&epoch);
    out.push(0x2a);
    varint(record.digest.len() as u64, &mut out);
    out.extend_from_slice(&record.digest);
    out
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let file = std::fs::File::open(arguments.next().expect("a file of records")).expect("the file opens");
    let key: [u8; 32] = hex::decode(arguments.next().expect("a key")).expect("hex").try_into().expect("32 bytes");
    let key = VerifyingKey::from_bytes(&key).expect("a key");
    let (mut held, mut last) = (0u64, (0u64, 0u64));
    for line in BufReader::new(file).lines() {
        let record: Record = serde_json::from_str(&line.expect("a line")).expect("a record");
        let message = message(&record);
        assert!(message == record.serialized_message && record.key_id == key.as_bytes()[31]);
        let signature = Signature::from_slice(&record.signature).expect("64 bytes");
        key.verify_strict(&message, &signature).expect("a signature that holds");
        assert!(record.epoch == last.0 + 1 && record.timestamp > last.1);
        last = (record.epoch, record.timestamp);
        held += 1;
    }
    println!("{held}");
}
