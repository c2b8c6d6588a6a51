import COneDNN

/// What a frozen network's weights and hidden values are kept in; sums are always float32.
public enum Precision: String, Codable, CaseIterable, Sendable {
  case float32
  /// Float32's range with 8 significant bits (relative rounding 2^-9). Needs AVX-512.
  case bfloat16

  var oneDNN: dnnl_data_type_t { self == .float32 ? dnnl_f32 : dnnl_bf16 }
  var bytes: Int { self == .float32 ? 4 : 2 }
}

/// The value nearest to `x` that bfloat16 holds; ties go to the even one. `x` is finite.
public func roundedToBfloat16(_ x: Float) -> Float {
  let bits = x.bitPattern
  return Float(bitPattern: (bits &+ 0x7fff &+ (bits >> 16 & 1)) & 0xffff_0000)
}
