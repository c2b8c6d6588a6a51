import Glibc
import Tensors
import Testing

@testable import Files

@Suite struct SafetensorsTests {
  @Test func readsEveryKindOfNumber() throws {
    let (tensors, metadata) = try Safetensors.read(fixture("kinds.safetensors"))
    for name in ["f32", "f64", "f16", "i64"] { #expect(tensors[name]?.values == signed && tensors[name]?.shape == [2, 3, 4]) }
    #expect(tensors["u8"]?.values == signed.map { $0 + 5 })
    #expect(tensors["flag"]?.values == (0..<24).map { $0 % 2 == 0 ? 1 : 0 })
    #expect(tensors["scalar"]?.shape == [] && tensors["scalar"]?.values == [2.5])
    #expect(tensors["empty"]?.shape == [0, 3])
    #expect(metadata == ["made by": "safetensors", "quote": "a \"b\"\n"])
    #expect(try Safetensors.read(fixture("bfloat16.safetensors")).tensors["bf16"]?.values == signed)
    #expect(try Safetensors.shapes(fixture("bfloat16.safetensors")).shapes == ["bf16": [2, 3, 4]])
  }

  @Test func writesWhatItReads() throws {
    try withFolder { folder in
      let path = folder + "/a.safetensors"
      let metadata = ["name": "a \"b\"\\\n\u{1}é"]
      try Safetensors.write([("b\"c", try Tensor(signed, shape: [2, 12])), ("a", .scalar(1)), ("none", .zeros([0]))], metadata: metadata, to: path)
      let read = try Safetensors.read(path)
      #expect(read.tensors["b\"c"]?.values == signed && read.tensors["b\"c"]?.shape == [2, 12])
      #expect(read.tensors["a"]?.shape == [] && read.tensors["none"]?.shape == [0] && read.metadata == metadata)
      #expect(message { try Safetensors.write([("a", .scalar(1)), ("a", .scalar(1))], to: path) }.contains("comes twice"))
      try Safetensors.write([], to: path)
      #expect(try Safetensors.read(path).tensors.isEmpty)
    }
  }

  /// Headers that contradict themselves or the 24 bytes that follow them.
  @Test(arguments: [
    (#"{"a":{"dtype":"F32","shape":[5],"data_offsets":[0,20]}}"#, "4 bytes after"),
    (#"{"a":{"dtype":"F32","shape":[5],"data_offsets":[4,24]}}"#, "no holes"),
    (#"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},"b":{"dtype":"F32","shape":[3],"data_offsets":[12,24]}}"#, "no overlaps"),
    (#"{"a":{"dtype":"F32","shape":[8],"data_offsets":[0,32]}}"#, "past the end"),
    (#"{"a":{"dtype":"F32","shape":[5],"data_offsets":[0,24]}}"#, "takes 20 bytes"),
    (#"{"a":{"dtype":"F32","shape":[-6],"data_offsets":[0,24]}}"#, "impossible shape"),
    (#"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,24]}}"#, "impossible shape"),
    (#"{"a":{"dtype":"F32","shape":[0,1099511627776,1099511627776],"data_offsets":[0,0]}}"#, "impossible shape"),
    (#"{"a":{"dtype":"F8_E4M3","shape":[24],"data_offsets":[0,24]}}"#, "has type F8_E4M3"),
    (#"{"a":{"dtype":"F32","shape":[6],"data_offsets":[0]}}"#, "lies at bytes [0]"),
    (#"{"a":{"dtype":"F32","shape":[6]}}"#, "'data_offsets' is missing at 'a'"),
    (#"{"a":{"dtype":"F32","shape":[1e99],"data_offsets":[0,24]}}"#, "not the JSON that was wanted"),
    (#"{"__metadata__":{"a":1}}"#, "wanted String"),
    ("[]", "not a JSON object"), ("{", "not the JSON that was wanted"), ("{" + String(repeating: "[", count: 70), "nests more than"),
  ])
  func hostileHeadersAreErrors(header: String, wanted: String) throws {
    try withFolder { folder in
      let size = (0..<8).map { UInt8(truncatingIfNeeded: header.utf8.count >> (8 * $0)) }
      try AtomicFile.write(size + Array(header.utf8) + [UInt8](repeating: 0, count: 24), to: folder + "/a.safetensors")
      let text = message { _ = try Safetensors.read(folder + "/a.safetensors") }
      #expect(text.contains(wanted) && text.contains("a.safetensors"), "\(text)")
    }
  }

  @Test(arguments: [([], "it has 0 bytes"), ([255, 255, 255, 255, 255, 255, 255, 255], "beyond the format's"), ([9, 0, 0, 0, 0, 0, 0, 0, 123], "truncated")])
  func shortFilesAreErrors(bytes: [UInt8], wanted: String) throws {
    try withFolder { folder in
      try AtomicFile.write(bytes, to: folder + "/a")
      #expect(message { _ = try Safetensors.read(folder + "/a") }.contains(wanted))
    }
  }

  /// A header that lies beyond the memory there is, in a file with a hole for each of its bytes.
  @Test func aTensorBeyondMemoryIsAnError() throws {
    try withFolder { folder in
      let bytes = 1 << 42
      var header = Array(#"{"a":{"dtype":"U8","shape":[\#(bytes)],"data_offsets":[0,\#(bytes)]}}"#.utf8)
      header += [UInt8](repeating: 0x20, count: (8 - header.count % 8) % 8)
      let size = (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) }
      try writeQuickly(size + header, to: folder + "/a.safetensors")
      #expect(truncate(folder + "/a.safetensors", 8 + header.count + bytes) == 0)
      #expect(message { _ = try Safetensors.read(folder + "/a.safetensors") }.contains("is too large"))
    }
  }

  @Test func mutatedFilesNeverCrash() throws {
    try withFolder { folder in
      var random = RandomStream(seed: 2, purpose: "mutations")
      let bytes = try readBytes(fixture("kinds.safetensors"))
      for _ in 0..<3000 {
        try writeQuickly(mutate(bytes, using: &random), to: folder + "/a")
        do { _ = try Safetensors.read(folder + "/a") } catch { #expect(error is UsageError, "\(error)") }
      }
    }
  }
}
