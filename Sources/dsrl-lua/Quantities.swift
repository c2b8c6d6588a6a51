import ArgumentParser

/// A span of time as it is typed: 90, 90s, 30m, 2h, 1h30m, 1d.
struct TimeSpan: ExpressibleByArgument {
  let seconds: Double

  init?(argument: String) {
    let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86400]
    var (total, number) = (0.0, "")
    for character in argument {
      guard let unit = units[character] else {
        number.append(character)
        continue
      }
      guard let value = Double(number), value >= 0 else { return nil }
      (total, number) = (total + value * unit, "")
    }
    if !number.isEmpty {
      guard let value = Double(number), value >= 0, argument == number else { return nil }
      total = value
    }
    guard total > 0, total < 1e9 else { return nil }
    seconds = total
  }
}

/// An amount of memory as it is typed: 500M, 4G, or bytes.
struct ByteCount: ExpressibleByArgument {
  let bytes: Int

  init?(argument: String) {
    let shifts: [Character: Int] = ["K": 10, "M": 20, "G": 30, "T": 40]
    let shift = argument.last.flatMap { shifts[Character($0.uppercased())] }
    guard let value = Double(shift == nil ? argument : String(argument.dropLast())) else { return nil }
    let bytes = value * Double(1 << (shift ?? 0))
    guard bytes >= 1_048_576, bytes < 1e15 else { return nil }
    self.bytes = Int(bytes)
  }
}

/// A count as it is typed: 5000000, 1e9.
struct Count: ExpressibleByArgument {
  let value: Int

  init?(argument: String) {
    guard let number = Int(argument) ?? Double(argument).flatMap({ (x: Double) in Int(exactly: x) }), number > 0 else { return nil }
    value = number
  }
}
