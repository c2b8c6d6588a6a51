import Environments
import LuaBridge
import Tensors

/// A Lua function that a definition or a wrapper of an environment is made of, and how errors name it: "step (task.lua:7) of Point-v0".
struct DefinedFunction {
  let function: LuaFunction
  let title: String
  /// How many arguments it looks at: what comes after them need not be made.
  let parameterCount: Int

  init(_ name: String, _ function: LuaFunction, of owner: String) throws {
    self.function = function
    parameterCount = try function.parameterCount
    title = "\(name) (\(try function.origin)) of \(owner)"
  }

  /// Wrong results, in words.
  func wrong(_ what: String) -> LuaError { LuaError("\(title) \(what)") }

  /// Result `index`, `count` finite numbers: a list, a Tensor, or a number where one is wanted. `noun`: "an observation".
  func numbers(_ results: DirectResults, _ index: Int, count: Int, _ noun: String) throws -> [Double] {
    let values: [Double]
    do { values = try results.numbers(index, count: count) } catch let fault as DirectResults.ListFault {
      switch fault {
      case .count(let found): throw wrong("returned \(noun) of \(found) numbers, wanted \(count)")
      case .element(let element, let found): throw wrong("returned \(noun) with \(found) at element \(element), wanted a number")
      case .noList: values = try unlisted(results, index, count: count, noun)
      }
    }
    for element in values.indices where !values[element].isFinite {
      throw wrong("returned \(noun) that holds \(values[element])" + (count > 1 ? " at element \(element + 1)" : ""))
    }
    return values
  }

  private func unlisted(_ results: DirectResults, _ index: Int, count: Int, _ noun: String) throws -> [Double] {
    if count == 1, let number = results.number(index) { return [number] }
    guard let tensor = results.object(index) as? Tensor else { throw wrong("returned \(called(results, index)) for \(noun), wanted a list of \(count) numbers") }
    guard tensor.count == count else { throw wrong("returned \(noun) of \(tensor.count) numbers, wanted \(count)") }
    return tensor.values.map(Double.init)
  }

  /// Result `index`, a finite number.
  func number(_ results: DirectResults, _ index: Int, _ noun: String) throws -> Double {
    guard let number = results.number(index) else { throw wrong("returned \(called(results, index)) for \(noun), wanted a number") }
    guard number.isFinite else { throw wrong("returned \(number) for \(noun)") }
    return number
  }

  /// Result `index`, a boolean; with a default where nothing was returned.
  func flag(_ results: DirectResults, _ index: Int, _ noun: String, default missing: Bool? = nil) throws -> Bool {
    if let missing, results.isNil(index) { return missing }
    guard let flag = results.flag(index) else { throw wrong("returned \(called(results, index)) for \(noun), wanted true or false") }
    return flag
  }

  /// Result `index`: a Tensor, or nested lists, of this shape.
  func tensor(_ results: DirectResults, _ index: Int, _ shape: [Int], _ noun: String) throws -> [Float] {
    let tensor: Tensor
    do { tensor = try results.read(TensorLike.self, index).tensor } catch { throw wrong("returned \(called(results, index)) for \(noun), wanted a Tensor of shape \(shape)") }
    guard tensor.shape == shape else { throw wrong("returned \(noun) of shape \(tensor.shape), wanted \(shape)") }
    let values = tensor.values
    if let bad = values.firstIndex(where: { !$0.isFinite }) { throw wrong("returned \(noun) that holds \(values[bad]) in row \(bad / max(shape.dropFirst().reduce(1, *), 1) + 1)") }
    return values
  }

  /// Result `index`: `count` booleans, or a Tensor of 0 and 1; false throughout where nothing was returned and that is allowed.
  func flags(_ results: DirectResults, _ index: Int, _ count: Int, _ noun: String, mayMiss: Bool = false) throws -> [Bool] {
    if mayMiss, results.isNil(index) { return Array(repeating: false, count: count) }
    if let flags = results.flags(index) {
      guard flags.count == count else { throw wrong("returned \(flags.count) booleans for \(noun), wanted \(count)") }
      return flags
    }
    return try tensor(results, index, [count], noun).map { value in
      guard value == 0 || value == 1 else { throw wrong("returned \(noun) that holds \(value), wanted 0 and 1") }
      return value == 1
    }
  }

  /// Result `index`, which may be missing: numbers by name.
  func info(_ results: DirectResults, _ index: Int) throws -> StepInfo {
    guard !results.isNil(index) else { return [:] }
    do {
      let fields = try results.namedNumbers(index)
      return StepInfo(names: fields.map(\.name), values: fields.map(\.value))
    } catch { throw wrong("returned a wrong info: \(error)") }
  }

  private func called(_ results: DirectResults, _ index: Int) -> String {
    results.isNil(index) ? "nothing" : article(results.typeName(index))
  }

  private func article(_ noun: String) -> String { ("AEIOUaeiou".contains(noun.prefix(1)) ? "an " : "a ") + noun }
}
