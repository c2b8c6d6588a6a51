import LuaBridge
import Tensors

/// A dimension or an index as Lua writes it: from 1, or from the end when negative. Here, and only here, counting from 1 ends.
struct FromOne: FromLua {
  let number: Int

  static var luaExpectation: String { "integer" }
  static func read(_ L: LuaState, at index: CInt) throws -> FromOne { FromOne(number: try Int.read(L, at: index)) }

  /// The same counted from 0; `what` names it in the error.
  func index(of count: Int, _ what: @autoclosure () -> String) throws -> Int {
    guard number != 0, number <= count, number >= -count else {
      throw UsageError(count == 0 ? "\(what()): there is none, got \(number)" : "\(what()) wants 1 to \(count), or -1 to -\(count) from the end, got \(number)")
    }
    return number > 0 ? number - 1 : number + count
  }
}

extension Tensor {
  func dimension(_ dim: FromOne) throws -> Int { try dim.index(of: rank, "a dimension of shape \(shape)") }

  func index(_ index: FromOne, in dim: Int) throws -> Int {
    try index.index(of: shape[dim], "an index into dimension \(dim + 1) of shape \(shape)")
  }
}

extension FromOne {
  static let last = FromOne(number: -1)
}

/// One dimension, or a list of them.
struct Dimensions: FromLua {
  let values: [FromOne]

  static var luaExpectation: String { "integer or a list of integers" }
  static func read(_ L: LuaState, at index: CInt) throws -> Dimensions {
    let value = try LuaValue.read(L, at: index)
    switch value {
    case .table(let table) where table.names.isEmpty: return Dimensions(values: try Integers.integers(table.list).map(FromOne.init))
    default: return Dimensions(values: [FromOne(number: try Int.read(L, at: index))])
    }
  }

  /// The same counted from 0; throws unless each is a dimension of `tensor`, named once.
  func of(_ tensor: Tensor) throws -> [Int] {
    let dims = try values.map(tensor.dimension)
    guard !dims.isEmpty, Set(dims).count == dims.count else {
      throw UsageError("a reduction wants at least one dimension, and each once, got \(values.map(\.number))")
    }
    return dims
  }
}

/// Integers given one by one or as one list: `t:reshape(2, 3)`, `t:reshape{2, 3}`.
struct Integers: FromLua {
  let values: [Int]

  static var luaExpectation: String { "integers or a list of them" }
  static func read(_ L: LuaState, at index: CInt) throws -> Integers {
    let arguments = try LuaRest.read(L, at: index).values
    if arguments.count == 1, case .table(let table) = arguments[0], table.names.isEmpty { return Integers(values: try integers(table.list)) }
    return Integers(values: try integers(arguments))
  }

  fileprivate static func integers(_ values: [LuaValue]) throws -> [Int] {
    try values.map { value in
      switch value {
      case .int(let x): return x
      case .number(let x): if let exact = Int(exactly: x) { return exact }
      default: break
      }
      throw LuaError("\(luaExpectation) expected, got \(value.brief)")
    }
  }

  /// As a shape; throws for one that no tensor has.
  func shape() throws -> [Int] {
    try Tensor.check(values)
    return values
  }
}

/// What stands between the brackets of t[...]: a place for each of the first dimensions.
struct IndexPath: FromLua {
  enum Place {
    case at(FromOne), range(FromOne, FromOne, step: Int), whole, indices(Tensor)
  }
  let places: [Place]

  static var luaExpectation: String { "integer, list of places or Tensor of indices" }
  static func read(_ L: LuaState, at index: CInt) throws -> IndexPath {
    let value = try LuaValue.read(L, at: index)
    guard case .table(let table) = value, table.names.isEmpty else { return IndexPath(places: [try place(value, luaExpectation)]) }
    return IndexPath(places: try table.list.map { try place($0, "integer, range {first, last}, {} or Tensor of indices") })
  }

  private static func place(_ value: LuaValue, _ wanted: String) throws -> Place {
    switch value {
    case .object(let object as Tensor): return .indices(object)
    case .table(let table) where table.isEmpty: return .whole
    case .table(let table) where table.names.isEmpty && (2...3).contains(table.list.count):
      let ends = try table.list.map { try integer($0, "integers in a range {first, last, step?}") }
      return .range(FromOne(number: ends[0]), FromOne(number: ends[1]), step: ends.count == 3 ? ends[2] : 1)
    case .table(let table) where table.names.isEmpty: throw LuaError("a range {first, last, step?} expected, got \(table)")
    default: return .at(FromOne(number: try integer(value, wanted)))
    }
  }

  private static func integer(_ value: LuaValue, _ wanted: String) throws -> Int {
    switch value {
    case .int(let x): return x
    case .number(let x): if let exact = Int(exactly: x) { return exact }
    default: break
    }
    throw LuaError("\(wanted) expected, got \(value.brief)")
  }
}

extension Tensor {
  /// The view at `path`, and, where a place is a tensor of indices, in which of the view's dimensions they choose.
  func part(_ path: IndexPath) throws -> (view: Tensor, chosen: (dim: Int, indices: [Int])?) {
    guard path.places.count <= rank else { throw UsageError("\(path.places.count) indices into a tensor of \(rank) dimensions, shape \(shape)") }
    var (view, dim) = (self, 0)
    var chosen: (dim: Int, indices: [Int])?
    for (place, which) in zip(path.places, 0...) {
      switch place {
      case .at(let i): view = try view.select(dim, index(i, in: which))
      case .whole: dim += 1
      case .range(let first, let last, let step):
        let (start, count) = try range(first, last, step, in: which)
        view = try view.narrow(dim, start, count, step: step)
        dim += 1
      case .indices(let list):
        guard chosen == nil else { throw UsageError("one tensor of indices at a time") }
        guard list.rank == 1 else { throw UsageError("a tensor of indices is a vector, got shape \(list.shape); masked_select takes a mask") }
        chosen = (dim, try indices(list, in: which))
        dim += 1
      }
    }
    return (view, chosen)
  }

  /// Where a range with both its ends begins, and how many entries it has; {n + 1, n} and the like have none.
  private func range(_ first: FromOne, _ last: FromOne, _ step: Int, in dim: Int) throws -> (start: Int, count: Int) {
    let size = shape[dim]
    let (low, high) = (first.number < 0 ? first.number + size + 1 : first.number, last.number < 0 ? last.number + size + 1 : last.number)
    guard step > 0 else { throw UsageError("a range wants a positive step, got \(step); flip turns an order round") }
    guard low >= 1, high <= size, high >= low - 1 else {
      throw UsageError("the range {\(first.number), \(last.number)} is outside dimension \(dim + 1) of shape \(shape), or runs backwards")
    }
    return (low - 1, high < low ? 0 : (high - low) / step + 1)
  }

  /// The numbers of `list` as indices into `dim`, counted from 0.
  func indices(_ list: Tensor, in dim: Int) throws -> [Int] {
    try list.values.map { value in
      guard let number = Int(exactly: value) else { throw UsageError("an index is an integer, got \(value)") }
      return try index(FromOne(number: number), in: dim)
    }
  }
}

/// Throws unless `value` is a size that something can be made of.
func checkSize(_ name: String, _ value: Int) throws {
  guard (1...65536).contains(value) else { throw UsageError("\(name) wants a number from 1 to 65536, got \(value)") }
}
