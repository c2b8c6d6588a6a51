import Glibc

/// The C library's functions, under a name that a method of ours cannot shadow.
enum libm {
  static func log(_ x: Double) -> Double { Glibc.log(x) }
  static func cos(_ x: Double) -> Double { Glibc.cos(x) }
  static func sin(_ x: Double) -> Double { Glibc.sin(x) }
  static func log(_ x: Float) -> Float { Glibc.logf(x) }
}
