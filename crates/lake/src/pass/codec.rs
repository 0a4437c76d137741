//! The node as bytes, so that a plan can be sent: magic, version, name, parameters, files.

use super::run::PassRegistry;
use super::{BucketFiles, PassExec, SegmentFile};
use datafusion_proto::physical_plan::{PhysicalExtensionCodec, PhysicalProtoConverterExtension};
use deltalake::datafusion::error::DataFusionError;
use deltalake::datafusion::execution::TaskContext;
use deltalake::datafusion::physical_plan::ExecutionPlan;
use std::sync::Arc;
use throughline_timeline::{StateError, StateReader, put_bytes};

const MAGIC: [u8; 4] = *b"TLPX";
const VERSION: u16 = 1;

/// Encodes and decodes [`PassExec`] within a plan.
#[derive(Debug)]
pub struct PassCodec {
    registry: Arc<PassRegistry>,
}

impl PassCodec {
    /// With the passes that a plan may name.
    pub fn new(registry: Arc<PassRegistry>) -> Self {
        Self { registry }
    }
}

fn encode(node: &PassExec, out: &mut Vec<u8>) {
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&VERSION.to_le_bytes());
    put_bytes(out, node.pass.name().as_bytes());
    put_bytes(out, node.pass.parameters());
    out.extend_from_slice(&node.of.to_le_bytes());
    out.extend_from_slice(&(node.partitions as u64).to_le_bytes());
    out.extend_from_slice(&(node.buckets.len() as u64).to_le_bytes());
    for bucket in node.buckets.iter() {
        out.extend_from_slice(&bucket.bucket.to_le_bytes());
        out.extend_from_slice(&(bucket.files.len() as u64).to_le_bytes());
        for file in &bucket.files {
            put_bytes(out, file.url.as_bytes());
            out.extend_from_slice(&file.size.to_le_bytes());
            out.push(u8::from(file.etag.is_some()));
            put_bytes(out, file.etag.as_deref().unwrap_or_default().as_bytes());
            out.extend_from_slice(&(file.hidden.len() as u64).to_le_bytes());
            for customer in &file.hidden {
                out.extend_from_slice(&customer.to_le_bytes());
            }
        }
    }
}

fn read_file(reader: &mut StateReader<'_>) -> Result<SegmentFile, StateError> {
    let url = reader.text()?.to_owned();
    let size = reader.u64()?;
    let has_etag = reader.u8()? == 1;
    let etag = reader.text()?.to_owned();
    let hidden = (0..reader.count(8)?).map(|_| reader.u64()).collect::<Result<Vec<_>, _>>()?;
    Ok(SegmentFile { url, size, etag: has_etag.then_some(etag), hidden })
}

fn decode(bytes: &[u8], registry: &PassRegistry) -> Result<PassExec, DataFusionError> {
    let failed = |e: StateError| DataFusionError::External(Box::new(e));
    let rest = bytes.strip_prefix(&MAGIC).ok_or_else(|| failed(StateError::Magic))?;
    let mut reader = StateReader::new(rest);
    let found = reader.u16().map_err(failed)?;
    if found != VERSION {
        return Err(failed(StateError::Version { found, expected: VERSION }));
    }
    let mut read = || {
        let (name, parameters) = (reader.text()?.to_owned(), reader.bytes()?.to_vec());
        let of = reader.u16()?;
        let partitions = reader.u64()? as usize;
        let mut buckets = Vec::new();
        for _ in 0..reader.count(10)? {
            let bucket = reader.u16()?;
            let files = (0..reader.count(8)?).map(|_| read_file(&mut reader)).collect::<Result<Vec<_>, _>>()?;
            buckets.push(BucketFiles { bucket, files });
        }
        reader.end()?;
        Ok((name, parameters, of, partitions, buckets))
    };
    let (name, parameters, of, partitions, buckets) = read().map_err(failed)?;
    Ok(PassExec::new(registry.pass(&name, &parameters)?, buckets, of, partitions))
}

impl PhysicalExtensionCodec for PassCodec {
    fn try_decode(
        &self,
        bytes: &[u8],
        _: &[Arc<dyn ExecutionPlan>],
        _: &TaskContext,
        _: &dyn PhysicalProtoConverterExtension,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        Ok(Arc::new(decode(bytes, &self.registry)?))
    }

    fn try_encode(
        &self,
        node: Arc<dyn ExecutionPlan>,
        out: &mut Vec<u8>,
        _: &dyn PhysicalProtoConverterExtension,
    ) -> Result<(), DataFusionError> {
        let node = node
            .downcast_ref::<PassExec>()
            .ok_or_else(|| DataFusionError::Internal(format!("`{}` is not a pass", node.name())))?;
        encode(node, out);
        Ok(())
    }
}
