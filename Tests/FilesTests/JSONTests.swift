import Testing

@testable import Files

@Suite struct JSONTests {
  @Test(arguments: [
    ("null", "null"), (" [1, 2.5,-0.0, 1e300] ", "[1, 2.5, -0.0, 1e+300]"), ("true", "true"), ("[true, 1, 0]", "[true, 1, 0]"),
    (#"{"b": {"c": []}, "a": "x\"\\\n\u0001é"}"#, #"{"a": "x\"\\\n\u0001é", "b": {"c": []}}"#), ("0.1", "0.1"), ("123456789012", "123456789012"),
  ])
  func readsAndPrints(text: String, wanted: String) throws {
    let value = try JSON(parsing: text)
    #expect(value.text == wanted)
    #expect(try JSON(parsing: value.text) == value)
    #expect(try JSON(parsing: JSON.encode(value)) == value)
  }

  @Test(arguments: [("", "not the JSON"), ("{", "not the JSON"), ("[1,]x", "not the JSON"), ("nan", "not the JSON"), (String(repeating: "[", count: 65), "nests more than 64")])
  func saysWhatIsWrong(text: String, wanted: String) {
    #expect(message { _ = try JSON(parsing: text, source: "a.json") }.contains(wanted))
    #expect(message { _ = try JSON(parsing: text, source: "a.json") }.contains("'a.json'"))
  }

  @Test func printsNullForWhatJSONLacks() { #expect(JSON.array([.number(.nan), .number(.infinity)]).text == "[null, null]") }

  @Test func takesApart() throws {
    let value = try JSON(parsing: #"{"a": [1, "x"]}"#)
    #expect(value["a"]?.array?.first?.number == 1 && value["a"]?.array?.last?.string == "x" && value["b"] == nil && value.number == nil)
  }

  /// FIPS 180-4's examples, and the empty message.
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"), ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"),
  ])
  func hashes(text: String, wanted: String) throws { #expect(try SHA256.hex(Array(text.utf8)) == wanted) }
}
