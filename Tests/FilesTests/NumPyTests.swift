import FoundationEssentials
import Tensors
import Testing

@testable import Files

@Suite struct NumPyTests {
  @Test(arguments: ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"])
  func readsEveryKindOfNumber(kind: String) throws {
    let wanted = kind == "b1" ? (0..<24).map { $0 % 2 == 0 ? 1 : 0 } : kind.hasPrefix("u") ? signed.map { $0 + 5 } : signed
    let tensor = try #require(try NPZ.read(fixture("kinds.npz"))[kind])
    #expect(tensor.shape == [2, 3, 4])
    #expect(tensor.values == wanted)
    let (values, shape) = try NPZ.doubles(fixture("kinds.npz"), key: kind)
    #expect(values == wanted.map(Double.init) && shape == [2, 3, 4])
  }

  @Test(arguments: ["version1.npy", "version2.npy", "version3.npy", "fortran.npy"])
  func readsEveryVersionAndOrder(name: String) throws {
    let tensor = try NPY.read(fixture(name))
    #expect(tensor.shape == [2, 3, 4] && tensor.values == signed)
    #expect(try NPY.doubles(fixture(name)).values == signed.map(Double.init))
    #expect(try NPY.shape(fixture(name)) == [2, 3, 4])
  }

  @Test func readsWholeNumbersBeyondFloat() throws {
    #expect(try NPY.doubles(fixture("exact.npy")).values == [9_007_199_254_740_991, -1_099_511_627_777])
  }

  @Test func readsDeflatedScalarsAndEmptyArrays() throws {
    let arrays = try NPZ.read(fixture("deflated.npz"))
    #expect(arrays["a"]?.values == signed && arrays["fortran"]?.values == signed)
    #expect(arrays["scalar"]?.shape == [] && arrays["scalar"]?.values == [2.5])
    #expect(arrays["empty"]?.shape == [0, 3])
    #expect(try NPZ.shapes(fixture("deflated.npz")) == ["a": [2, 3, 4], "fortran": [2, 3, 4], "scalar": [], "empty": [0, 3]])
  }

  @Test(arguments: [
    ("big", "'big' is big-endian ('>f4')"), ("text", "'text' holds text ('<U3')"), ("complex", "'complex' holds complex numbers ('<c8')"),
    ("objects", "'objects' holds Python objects ('|O')"), ("records", "'records' is a structured array"), ("missing", "has no array 'missing'; it has big, complex"),
  ])
  func saysWhatItCannotRead(key: String, wanted: String) throws {
    let text = message { _ = try NPZ.read(fixture("strange.npz"), keys: [key]) }
    #expect(text.contains(wanted) && text.contains("strange.npz"), "\(text)")
    #expect(try NPZ.read(fixture("strange.npz"), keys: ["good"])["good"]?.values == [1, 1, 1])
  }

  @Test(arguments: [false, true]) func writesWhatItReads(compressed: Bool) throws {
    try withFolder { folder in
      let path = folder + "/it's \"new\".npz"
      let columns: [(String, Column)] = [
        ("a", .floats(try Tensor(signed, shape: [2, 3, 4]))), ("scalar", .floats(.scalar(2.5))), ("row", .floats(Tensor([.nan, .infinity]))),
        ("empty", .floats(.zeros([0, 3]))), ("done", .flags([true, false, true])),
      ]
      try NPZ.write(columns, to: path, compressed: compressed)
      let arrays = try NPZ.read(path)
      #expect(arrays["a"]?.values == signed && arrays["a"]?.shape == [2, 3, 4])
      #expect(arrays["scalar"]?.shape == [] && arrays["empty"]?.shape == [0, 3] && arrays["done"]?.values == [1, 0, 1])
      #expect(arrays["row"]?.values[0].isNaN == true && arrays["row"]?.values[1] == .infinity)
      let once = try readBytes(path)
      try NPZ.write(columns, to: path, compressed: compressed)
      #expect(try readBytes(path) == once)  // no clock in it
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 1)
      #expect(message { try NPZ.write([("a", Tensor.scalar(1)), ("a", .scalar(2))], to: path) }.contains("'a' comes twice"))
      try NPY.write(try Tensor(signed, shape: [4, 6]), to: folder + "/a.npy")
      #expect(try NPY.read(folder + "/a.npy").values == signed)
    }
  }

  /// The header numpy itself writes for these arrays (numpy 2.4.6: np.save of a 24-vector, a 2x3 and a scalar).
  @Test(arguments: [([24], "(24,)"), ([2, 3], "(2, 3)"), ([], "()")]) func writesNumPysHeader(shape: [Int], text: String) {
    let bytes = NPYHeader(type: .float32, shape: shape).bytes(descr: "<f4")
    let dictionary = "{'descr': '<f4', 'fortran_order': False, 'shape': \(text), }"
    #expect(bytes.count == 128 && bytes.last == 0x0a && Array(bytes[8..<10]) == [118, 0])
    #expect(String(decoding: bytes[10...], as: UTF8.self).hasPrefix(dictionary))
  }

  @Test func mutatedFilesNeverCrash() throws {
    try withFolder { folder in
      var random = RandomStream(seed: 1, purpose: "mutations")
      for name in ["deflated.npz", "kinds.npz", "version1.npy", "fortran.npy"] {
        let bytes = try readBytes(fixture(name))
        for _ in 0..<800 {
          let path = folder + "/" + name
          try writeQuickly(mutate(bytes, using: &random), to: path)
          do { _ = name.hasSuffix("z") ? try NPZ.read(path).count : try NPY.read(path).count } catch { #expect(error is UsageError, "\(error)") }
        }
      }
    }
  }

  @Test(arguments: [
    ("(2, 4611686018427387904)", "damaged"), ("(0, 1099511627776, 1099511627776)", "damaged"), ("(-1,)", "damaged"), ("(1000000,)", "truncated"),
    ("(2, 3", "damaged"), ("(1,)", "takes 4 bytes, the file has 24"),
  ])
  func hostileShapesAreErrors(shape: String, wanted: String) throws {
    try withFolder { folder in
      let text = "{'descr': '<f4', 'fortran_order': False, 'shape': \(shape), }\n"
      try AtomicFile.write([0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.utf8.count), 0] + Array(text.utf8) + [UInt8](repeating: 0, count: 24), to: folder + "/a.npy")
      let text2 = message { _ = try NPY.read(folder + "/a.npy") }
      #expect(text2.contains(wanted) && text2.contains("a.npy"), "\(text2)")
    }
  }
}
