/// Philox 4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"): a counter-based stream of random numbers.
///
/// Two streams of the same seed and different purposes are independent; what one draws never moves another.
public struct RandomStream: RandomNumberGenerator, Sendable, Codable, Equatable {
  private var key: UInt64
  private var counter: UInt64 = 0
  private var purpose: UInt64

  /// `purpose` names what the numbers are for: "actor", "replay", "env"; `index` tells its members apart.
  public init(seed: Int, purpose: String = "", index: Int = 0) {
    key = UInt64(bitPattern: Int64(seed))
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325  // FNV-1a
    for byte in purpose.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    self.purpose = hash ^ (UInt64(bitPattern: Int64(index)) &* 0x9e37_79b9_7f4a_7c15)
  }

  /// The raw state, for the published test vectors.
  init(key: UInt64, counter: UInt64, purpose: UInt64) { (self.key, self.counter, self.purpose) = (key, counter, purpose) }

  /// The next block of four.
  @inline(__always)
  mutating func block() -> (UInt32, UInt32, UInt32, UInt32) {
    let numbers = block(0)
    counter &+= 1
    return numbers
  }

  /// The block that comes `ahead` blocks after the next; a loop over it is vector code.
  @inline(__always)
  func block(_ ahead: Int) -> (UInt32, UInt32, UInt32, UInt32) {
    let counter = counter &+ UInt64(truncatingIfNeeded: ahead)
    var (x0, x1) = (UInt32(truncatingIfNeeded: counter), UInt32(truncatingIfNeeded: counter >> 32))
    var (x2, x3) = (UInt32(truncatingIfNeeded: purpose), UInt32(truncatingIfNeeded: purpose >> 32))
    var (k0, k1) = (UInt32(truncatingIfNeeded: key), UInt32(truncatingIfNeeded: key >> 32))
    for _ in 0..<10 {
      let a = UInt64(x0) &* 0xD251_1F53
      let b = UInt64(x2) &* 0xCD9E_8D57
      (x0, x1, x2, x3) = (
        UInt32(truncatingIfNeeded: b >> 32) ^ x1 ^ k0, UInt32(truncatingIfNeeded: b),
        UInt32(truncatingIfNeeded: a >> 32) ^ x3 ^ k1, UInt32(truncatingIfNeeded: a)
      )
      k0 = k0 &+ 0x9E37_79B9
      k1 = k1 &+ 0xBB67_AE85
    }
    return (x0, x1, x2, x3)
  }

  /// Leaves out `blocks` blocks.
  mutating func skip(_ blocks: Int) { counter &+= UInt64(truncatingIfNeeded: blocks) }

  public mutating func next() -> UInt64 {
    let x = block()
    return UInt64(x.0) | UInt64(x.1) << 32
  }

  /// Uniform on [0, 1), 53 bits.
  public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }
  /// Uniform on [low, high).
  public mutating func uniform(_ low: Double, _ high: Double) -> Double { low + (high - low) * uniform() }
  /// Standard normal, in double precision (Box and Muller 1958).
  public mutating func normal() -> Double {
    let radius = (-2 * libm.log(1 - uniform())).squareRoot()
    return radius * libm.cos(2 * .pi * uniform())
  }
  /// Uniform on 0..<bound; bound must be positive.
  public mutating func integer(below bound: Int) -> Int { Int(next().multipliedFullWidth(by: UInt64(bound)).high) }
}
