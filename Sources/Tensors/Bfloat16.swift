import COneDNN

/// What a frozen network's weights and hidden values are kept in; sums are always float32.
public enum Precision: String, Codable, CaseIterable, Sendable {
  case float32
  /// Float32's range with 8 significant bits (relative rounding 2^-9). On processors without AVX-512 it saves memory traffic only.
  case bfloat16

  var oneDNN: dnnl_data_type_t { self == .float32 ? dnnl_f32 : dnnl_bf16 }
  var bytes: Int { self == .float32 ? 4 : 2 }
}

/// The value nearest to `x` that bfloat16 holds; ties go to the even one.
@inline(__always)
public func roundedToBfloat16(_ x: Float) -> Float {
  let bits = x.bitPattern
  let rounded = Float(bitPattern: (bits &+ 0x7fff &+ (bits >> 16 & 1)) & 0xffff_0000)
  return x.isNaN ? x : rounded
}

/// `result` = the values nearest to those of `source` that bfloat16 holds.
func roundToBfloat16(_ source: UnsafePointer<Float>, to result: UnsafeMutablePointer<Float>, _ count: Int) {
  transform(source, to: result, count, roundedToBfloat16)
}
