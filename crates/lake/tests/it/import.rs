use deltalake::arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, RecordBatch,
    StringArray, TimestampMicrosecondArray,
};
use deltalake::arrow::array::{Int32Builder, ListBuilder};
use deltalake::parquet::arrow::ArrowWriter;
use std::sync::Arc;
use throughline_lake::{LakeError, open_parquet};

#[test]
fn a_parquet_file_is_read_as_records_of_text() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("orders.parquet");
    let mut lists = ListBuilder::new(Int32Builder::new());
    lists.append_value([Some(1), None]);
    lists.append_null();
    let at = vec![Some(1_700_000_000_000_000), None];
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("order", Arc::new(StringArray::from(vec![Some("A-1"), None]))),
        ("count", Arc::new(Int64Array::from(vec![Some(-7), None]))),
        ("share", Arc::new(Float64Array::from(vec![0.1, 2.0]))),
        ("paid", Arc::new(BooleanArray::from(vec![true, false]))),
        ("amount", Arc::new(Decimal128Array::from(vec![1290, -5]).with_precision_and_scale(10, 2).unwrap())),
        ("day", Arc::new(Date32Array::from(vec![19_675, 0]))),
        ("at", Arc::new(TimestampMicrosecondArray::from(at.clone()).with_timezone("UTC"))),
        ("local", Arc::new(TimestampMicrosecondArray::from(at))),
        ("raw", Arc::new(BinaryArray::from_vec(vec![b"text", &[0xff, 0x00]]))),
        ("list", Arc::new(lists.finish())),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer = ArrowWriter::try_new(std::fs::File::create(&path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();

    let mut records = open_parquet(&path).unwrap();
    assert_eq!(records.columns().join(" "), "order count share paid amount day at local raw list");
    assert_eq!((records.rows(), records.bytes_read()), (2, 0));
    let text = |r: Vec<Option<String>>| {
        r.into_iter().map(|v| v.unwrap_or_else(|| "∅".to_owned())).collect::<Vec<_>>().join(" | ")
    };
    assert_eq!(
        text(records.next().unwrap().unwrap()),
        "A-1 | -7 | 0.1 | true | 12.90 | 2023-11-14 | 2023-11-14T22:13:20Z | 2023-11-14T22:13:20 | text | [1,null]"
    );
    assert_eq!(text(records.next().unwrap().unwrap()), "∅ | ∅ | 2.0 | false | -0.05 | 1970-01-01 | ∅ | ∅ | ff00 | ∅");
    assert!(records.next().is_none());
    assert_eq!(records.bytes_read(), records.bytes());
    assert_eq!(records.bytes(), std::fs::metadata(&path).unwrap().len());

    std::fs::write(&path, b"PAR1 and nothing else").unwrap();
    let error = open_parquet(&path).err().unwrap();
    assert!(matches!(&error, LakeError::Foreign { .. }) && error.to_string().contains("orders.parquet"), "{error}");
}
