import Glibc

// Scalar functions that the compiler turns into vector code inside a plain loop: no branches, no calls.
// Relative errors are against the C library over the whole range.

/// e^x, relative error below 2e-7; infinity above 88.72283 and 0 below -87.33. NaN stays NaN.
@inline(__always)
func fastExp(_ x: Float) -> Float {
  var clamped = x < -87.33 ? -87.33 : x
  clamped = clamped > 88.72283 ? 88.72283 : clamped
  let shifted = Float(12_582_912).addingProduct(clamped, 1.442_695_04)  // the magic number rounds to an integer and leaves it in the low bits
  let k = shifted - 12_582_912
  let r = clamped.addingProduct(k, -0.693_359_375).addingProduct(k, 2.121_944_4e-4)
  var p: Float = 1.0 / 5040
  p = Float(1.0 / 720).addingProduct(p, r)
  p = Float(1.0 / 120).addingProduct(p, r)
  p = Float(1.0 / 24).addingProduct(p, r)
  p = Float(1.0 / 6).addingProduct(p, r)
  p = Float(0.5).addingProduct(p, r)
  p = Float(1).addingProduct(p, r)
  p = Float(1).addingProduct(p, r)
  let scaled = Float(bitPattern: p.bitPattern &+ (shifted.bitPattern << 23))  // p < 1 where k is 128, so the exponent holds it
  let low = x < -87.33 ? 0 : scaled
  let high = x > 88.72283 ? .infinity : low
  return x == x ? high : x
}

/// ln x, relative error below 3e-7; -infinity at 0, NaN below.
@inline(__always)
func fastLog(_ x: Float) -> Float {
  let isSubnormal = x < 1.175_494_4e-38
  let scaled = isSubnormal ? x * 8_388_608 : x
  let bits = scaled.bitPattern &- 0x3f35_04f3  // the mantissa m is taken from [√½, √2)
  let m = Float(bitPattern: (bits & 0x007f_ffff) &+ 0x3f35_04f3)
  let exponent = Float(Int32(bitPattern: bits) >> 23)
  let k = isSubnormal ? exponent - 23 : exponent
  let s = (m - 1) / (m + 1)  // ln m = 2 artanh s
  let q = s * s
  var p: Float = 2.0 / 9
  p = Float(2.0 / 7).addingProduct(p, q)
  p = Float(2.0 / 5).addingProduct(p, q)
  p = Float(2.0 / 3).addingProduct(p, q)
  p = Float(2).addingProduct(p, q)
  let finite = (p * s).addingProduct(k, -2.121_944_4e-4).addingProduct(k, 0.693_359_375)
  let positive = x == .infinity ? x : finite
  return x > 0 ? positive : (x == 0 ? -.infinity : .nan)
}

/// ln(1 + x), exact to rounding near 0 too (Kahan's correction).
@inline(__always)
func fastLogOfOnePlus(_ x: Float) -> Float {
  let u = 1 + x
  let corrected = fastLog(u) * (x / (u - 1))
  let near = u == 1 ? x : corrected
  return x == .infinity ? x : near
}

/// e^x - 1, exact to rounding near 0 too (Kahan's correction).
@inline(__always)
func fastExpMinusOne(_ x: Float) -> Float {
  let u = fastExp(x)
  let corrected = (u - 1) * (x / fastLog(u))
  let near = u == 1 ? x : (u - 1 == -1 ? -1 : corrected)
  return u == .infinity ? u : near
}

/// tanh x, relative error below 4e-7: x P(x²)/Q(x²) up to 9, the coefficients fitted to the smallest relative error there; ±1 beyond.
@inline(__always)
func fastTanh(_ x: Float) -> Float {
  var capped = x < -9 ? -9 : x
  capped = capped > 9 ? 9 : capped
  let s = capped * capped
  var p: Float = 1.335_496_984_5e-8
  p = Float(2.060_932_538_9e-5).addingProduct(p, s)
  p = Float(3.495_603_661_9e-3).addingProduct(p, s)
  p = Float(0.133_810_389_41).addingProduct(p, s)
  p = Float(0.999_999_979_48).addingProduct(p, s)
  var q: Float = 7.776_690_796e-7
  q = Float(3.285_659_710_4e-4).addingProduct(q, s)
  q = Float(0.025_877_041_999).addingProduct(q, s)
  q = Float(0.467_143_545_44).addingProduct(q, s)
  q = Float(1).addingProduct(q, s)
  let y = capped * p / q
  let low = x < -9 || y < -1 ? -1 : y
  return x > 9 || y > 1 ? 1 : low
}

/// ln(1 + e) for e in [0, 1], through the series of artanh.
@inline(__always)
func fastLog1p(_ e: Float) -> Float {
  let s = e / (2 + e)
  let q = s * s
  var p: Float = 1.0 / 13
  p = Float(1.0 / 11).addingProduct(p, q)
  p = Float(1.0 / 9).addingProduct(p, q)
  p = Float(1.0 / 7).addingProduct(p, q)
  p = Float(1.0 / 5).addingProduct(p, q)
  p = Float(1.0 / 3).addingProduct(p, q)
  p = Float(1).addingProduct(p, q)
  return 2 * s * p
}

@inline(__always) func fastRelu(_ x: Float) -> Float { x < 0 ? 0 : x }

@inline(__always) func fastSigmoid(_ x: Float) -> Float { 1 / (1 + fastExp(-x)) }

/// x sigmoid(x).
@inline(__always) func fastSilu(_ x: Float) -> Float { x * fastSigmoid(x) }

/// ln(1 + e^x).
@inline(__always)
func fastSoftplus(_ x: Float) -> Float {
  let tail = fastLog1p(fastExp(x < 0 ? x : -x))
  return x < 0 ? tail : x + tail
}

/// x tanh(softplus(x)) (Misra 2019), with tanh(ln(1 + e)) = (e² + 2e) / (e² + 2e + 2).
@inline(__always)
func fastMish(_ x: Float) -> Float {
  let e = fastExp(x > 20 ? 20 : x)
  let n = e * (e + 2)
  return x * (n / (n + 2))
}

/// d mish / dx.
@inline(__always)
func fastMishSlope(_ x: Float) -> Float {
  let e = fastExp(x > 20 ? 20 : x)
  let n = e * (e + 2)
  let t = n / (n + 2)
  return t + x * (1 - t * t) * (e / (1 + e))
}

/// The error function, absolute error below 6e-7, of which the formula has 1.5e-7 (Abramowitz and Stegun 7.1.26).
@inline(__always)
func fastErf(_ x: Float) -> Float {
  let a = x.magnitude
  let t = 1 / Float(1).addingProduct(a, 0.327_591_1)
  var p: Float = 1.061_405_429
  p = Float(-1.453_152_027).addingProduct(p, t)
  p = Float(1.421_413_741).addingProduct(p, t)
  p = Float(-0.284_496_736).addingProduct(p, t)
  p = Float(0.254_829_592).addingProduct(p, t)
  let magnitude = Float(1).addingProduct(p * t, -fastExp(-a * a))
  return Float(signOf: x, magnitudeOf: magnitude)  // a choice by x < 0 would become a branch, and the loop scalar
}

/// The error function, relative error below 4e-7: x P(x²) up to 1, the coefficients fitted to the smallest relative error there.
@inline(__always)
func fastErfNearZero(_ x: Float) -> Float {
  let s = x * x
  var p: Float = 7.824_073_6e-5
  p = Float(-8.006_660_6e-4).addingProduct(p, s)
  p = Float(5.188_689_0e-3).addingProduct(p, s)
  p = Float(-0.026_854_472_7).addingProduct(p, s)
  p = Float(0.112_836_126).addingProduct(p, s)
  p = Float(-0.376_126_29).addingProduct(p, s)
  p = Float(1.128_379_17).addingProduct(p, s)
  let near = x * p
  return s < 1 ? near : fastErf(x)
}

/// x Φ(x) (Hendrycks and Gimpel 2016).
@inline(__always) func fastGelu(_ x: Float) -> Float { 0.5 * x * (1 + fastErf(x * 0.707_106_78)) }

/// d gelu / dx = Φ(x) + x φ(x).
@inline(__always)
func fastGeluSlope(_ x: Float) -> Float { 0.5 * (1 + fastErf(x * 0.707_106_78)) + x * 0.398_942_28 * fastExp(-0.5 * x * x) }

/// d silu / dx.
@inline(__always)
func fastSiluSlope(_ x: Float) -> Float {
  let s = fastSigmoid(x)
  return s * (1 + x * (1 - s))
}

/// The C library's functions, under a name that a method of ours cannot shadow.
enum libm {
  static func log(_ x: Double) -> Double { Glibc.log(x) }
  static func cos(_ x: Double) -> Double { Glibc.cos(x) }
  @inline(__always) static func log(_ x: Float) -> Float { Glibc.logf(x) }
  @inline(__always) static func sin(_ x: Float) -> Float { Glibc.sinf(x) }
  @inline(__always) static func cos(_ x: Float) -> Float { Glibc.cosf(x) }
  @inline(__always) static func pow(_ x: Float, _ y: Float) -> Float { Glibc.powf(x, y) }
  @inline(__always) static func remainder(_ x: Float, _ y: Float) -> Float { Glibc.fmodf(x, y) }
}
