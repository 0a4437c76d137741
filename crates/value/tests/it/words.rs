use throughline_value::words::certainty;

#[test]
fn words_follow_q() {
    for (q, word) in [
        (0.0, Some("very likely real")),
        (0.0099, Some("very likely real")),
        (0.01, Some("likely")),
        (0.0499, Some("likely")),
        (0.05, None),
        (1.0, None),
        (f64::NAN, None),
    ] {
        assert_eq!(certainty(q), word, "{q}");
    }
}
