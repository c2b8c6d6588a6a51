import Testing

/// Lua in, what it returns out; the numbers are computed by hand.
private let results: [(String, String)] = [
  ("return dsrl.tensor{{1, 2}, {3, 4}}:to_table()", "{{1.0, 2.0}, {3.0, 4.0}}"),
  ("return dsrl.tensor(5):to_table(), dsrl.tensor{}.shape", "5.0, {0}"),
  ("return dsrl.zeros(2, 3).shape, dsrl.ones{4}.count, dsrl.full({2}, 7):to_table()", "{2, 3}, 4, {7.0, 7.0}"),
  ("return dsrl.arange(3):to_table(), dsrl.arange(2, 8, 3):to_table(), dsrl.arange(3, 1):to_table()", "{1.0, 2.0, 3.0}, {2.0, 5.0, 8.0}, {}"),
  ("return dsrl.linspace(0, 1, 5):to_table(), dsrl.eye(2):to_table()", "{0.0, 0.25, 0.5, 0.75, 1.0}, {{1.0, 0.0}, {0.0, 1.0}}"),
  ("local t = dsrl.tensor{1, 2} return (t + 1):to_table(), (1 - t):to_table(), (t * t):to_table(), (2 / t):to_table(), (-t):to_table(), (t ^ 2):to_table()",
   "{2.0, 3.0}, {0.0, -1.0}, {1.0, 4.0}, {2.0, 1.0}, {-1.0, -2.0}, {1.0, 4.0}"),
  ("local t = dsrl.tensor{{1, 2, 3}, {4, 5, 6}} return #t, t[-1]:to_table(), t[{2, 3}], t[{-2, -3}], t:select(2, 1):to_table()",
   "2, {4.0, 5.0, 6.0}, 6.0, 1.0, {1.0, 4.0}"),
  ("local t = dsrl.tensor{{1, 2, 3}, {4, 5, 6}} return t:sum():item(), t:sum(1):to_table(), t:mean(-1):to_table(), t:max(2, true).shape",
   "21.0, {5.0, 7.0, 9.0}, {2.0, 5.0}, {2, 1}"),
  ("local t = dsrl.tensor{{1, -2, 3}, {4, 5, -6}} return t:sum{1, 2}:item(), t:max({1, -1}, true):to_table(), t:norm(2, false, 1):to_table(), t:norm(nil, false, math.huge):item()",
   "5.0, {{5.0}}, {6.0, 15.0}, 6.0"),
  ("local t = dsrl.tensor{{1, 5, 3}, {4, 2, 6}} return t:argmax(), t:argmax(1):to_table(), t:argmin(2):to_table(), t:min():item()",
   "6, {2.0, 1.0, 2.0}, {1.0, 2.0}, 1.0"),
  ("local t = dsrl.tensor{1, 3, 5, 7} return math.abs(t:var():item() - 20 / 3) < 1e-5, dsrl.tensor{{1, 3}, {2, 2}}:std(2)[2]", "true, 0.0"),
  ("local t = dsrl.arange(6):reshape(2, 3) return t:transpose():to_table(), t:permute(2, 1).shape, t:reshape{3, -1}.shape, t:narrow(2, 2, 2):to_table()",
   "{{1.0, 4.0}, {2.0, 5.0}, {3.0, 6.0}}, {3, 2}, {3, 2}, {{2.0, 3.0}, {5.0, 6.0}}"),
  ("local t = dsrl.arange(6):reshape(2, 3) return t:index_select(2, {3, -3}):to_table(), t:gather(2, {{3}, {1}}):to_table()",
   "{{3.0, 1.0}, {6.0, 4.0}}, {{3.0}, {4.0}}"),
  ("local t = dsrl.arange(6):reshape(2, 3) return t:gather(1, dsrl.tensor{{2, 1, 2}}):to_table()", "{{4.0, 2.0, 6.0}}"),
  ("local a, b = dsrl.tensor{{1, 2}}, dsrl.tensor{{3, 4}} return dsrl.cat{a, b}.shape, dsrl.cat({a, b}, 2).shape, dsrl.stack({a, b}, -1).shape, a:cat(b, -1):to_table(), a:stack(b).shape",
   "{2, 2}, {1, 4}, {1, 2, 2}, {{1.0, 2.0, 3.0, 4.0}}, {2, 1, 2}"),
  ("local t = dsrl.tensor{{1, 2}, {3, 4}} return t:matmul(dsrl.eye(2)):to_table(), t:clamp(2, 3):to_table(), t:maximum(dsrl.tensor{2, 2}):to_table()",
   "{{1.0, 2.0}, {3.0, 4.0}}, {{2.0, 2.0}, {3.0, 3.0}}, {{2.0, 2.0}, {3.0, 4.0}}"),
  ("return dsrl.tensor{0, 0}:softmax():to_table(), dsrl.tensor{0}:sigmoid()[1], dsrl.tensor{-2, 2}:relu():to_table(), dsrl.tensor{9}:sqrt()[1]",
   "{0.5, 0.5}, 0.5, {0.0, 2.0}, 3.0"),
  ("local x = dsrl.tensor{1, 2, 3}:requires_grad(); (x * x):sum():backward() return x.grad:to_table()", "{2.0, 4.0, 6.0}"),
  ("local x = dsrl.tensor{1, 2}:requires_grad(); x:gather(1, {2, 2}):sum():backward() return x.grad:to_table()", "{0.0, 2.0}"),
  ("local x = dsrl.tensor{1}:requires_grad(); x:sum():backward(); x:zero_grad() return x.grad", "nil"),
  ("local x = dsrl.tensor{1}:requires_grad(); local a, b = dsrl.no_grad(function() return x * 2, 'more' end) return pcall(a.backward, a), b", "false, \"more\""),
  ("dsrl.manual_seed(4) local a = dsrl.randn(3) dsrl.manual_seed(4) return same(a, dsrl.randn{3}), same(a, dsrl.randn(3))", "true, false"),
  ("local u = dsrl.uniform({1000}, 2, 3) return u:min():item() >= 2, u:max():item() < 3", "true, true"),
  ("local a = dsrl.tensor{1, 2} local b = a:clone() return same(a, b), rawequal(a, b), a:detach().shape", "true, false, {2}"),
  ("return tostring(dsrl.tensor{{1, 2}, {3, -4}})", "\"tensor f32 [2, 2]\n   1   2\n   3  -4\""),
  ("return tostring(dsrl.tensor{0.5, 1.25})", "\"tensor f32 [2]\n  0.5000  1.2500\""),
  ("return tostring(dsrl.arange(100))", "\"tensor f32 [100]\n    1    2    3  ...   98   99  100\""),
  ("return tostring(dsrl.arange(8):reshape(2, 2, 2))", "\"tensor f32 [2, 2, 2]\n[1, ...]\n  1  2\n  3  4\n[2, ...]\n  5  6\n  7  8\""),
  ("return tostring(dsrl.tensor{0/0, 1/0})", "\"tensor f32 [2]\n  nan  inf\""),
  ("return tostring(dsrl.tensor(2.5)), tostring(dsrl.zeros(0, 3))", "\"tensor f32 []\n  2.5000\", \"tensor f32 [0, 3] (empty)\""),
  ("return tostring(dsrl.tensor{1, 2}:requires_grad())", "\"tensor f32 [2] grad\n  1  2\""),
  ("return tostring(dsrl.tensor{0.5, 0/0, -1/0, -0.0})", "\"tensor f32 [4]\n   0.5000      nan     -inf  -0.0000\""),
  ("return tostring(dsrl.tensor{-0.0, 7, 1/0})", "\"tensor f32 [3]\n   -0    7  inf\""),
  ("return tostring(dsrl.tensor{1e-6, -1})", "\"tensor f32 [2]\n   1.0000e-06  -1.0000e+00\""),
  ("return tostring(dsrl.tensor{3e38, 0})", "\"tensor f32 [2]\n  3.0000e+38  0.0000e+00\""),
  ("return tostring(dsrl.tensor{99999.5, 0.5})", "\"tensor f32 [2]\n  99999.5000      0.5000\""),
  ("return tostring(dsrl.arange(9):reshape(9, 1))", "\"tensor f32 [9, 1]\n  1\n  2\n  3\n  ...\n  7\n  8\n  9\""),
  ("return tostring(dsrl.arange(10):reshape(10, 1, 1)):gsub('\\n', ' ')",
   "\"tensor f32 [10, 1, 1] [1, ...]    1 [2, ...]    2 [3, ...]    3   ... [8, ...]    8 [9, ...]    9 [10, ...]   10\", 13"),
  ("return tostring(dsrl.zeros(3, 3, 3, 1, 1)):gsub('\\n', ' '):sub(28)",
   "\"[1, 1, 1, ...]   0 [1, 1, 2, ...]   0 [1, 1, 3, ...]   0 [1, 2, 1, ...]   0 [1, 2, 2, ...]   0 [1, 2, 3, ...]   0   ...\""),
  ("return tostring(dsrl.zeros(1):expand(1000000))", "\"tensor f32 [1000000]\n  0  0  0  ...  0  0  0\""),
]

@Suite struct TensorLibraryTests {
  @Test(arguments: results) func result(_ source: String, _ expected: String) throws {
    let domain = try Domain()
    #expect(try domain.results(source) == expected)
    try domain.close()
  }

  /// Whatever the shape, a screenful.
  @Test(arguments: ["100, 100, 100, 100", "7, 7, 7, 7, 7, 7", "8, 8, 8, 8, 8, 8, 8, 8", "1, 1, 2, 1, 1, 2, 1, 1, 2, 1, 1, 2"]) func printingIsBounded(_ shape: String) throws {
    let domain = try Domain()
    let counts = try domain.results("local text = tostring(dsrl.zeros(1):expand(\(shape))) return #text, select(2, text:gsub('\\n', ''))")
    let numbers = counts.split(separator: ", ").compactMap { Int($0) }
    #expect(numbers.count == 2 && numbers[0] < 4000 && numbers[1] <= 100, "\(counts)")
    try domain.close()
  }

  /// A view of 16 GiB prints without anyone packing it.
  @Test func printingTouchesOnlyWhatItShows() throws {
    let domain = try Domain()
    #expect(try domain.results("return tostring(dsrl.ones(1, 1):expand(131072, 32768)):match('^[^\\n]*')") == "\"tensor f32 [131072, 32768]\"")
    try domain.close()
  }
}

/// A mistake, and what the error must say.
let tensorMistakes: [(String, String)] = [
  ("dsrl.tensor{{1, 2}, {3}}", "lists of one shape expected, got [1] at [2] after [2]"),
  ("dsrl.tensor{{1, 'x'}}", "number expected at [1][2], got string 'x'"),
  ("dsrl.tensor{a = 1}", "a list of numbers expected, got a table with the name 'a'"),
  ("dsrl.tensor(true)", "Tensor or nested lists of numbers expected, got boolean true"),
  ("dsrl.tensor{dsrl.zeros(2)}", "number expected at [1], got a Tensor of shape [2]; dsrl.stack joins tensors"),
  ("dsrl.zeros(2, -1)", "a shape's sizes are not negative, got [2, -1]"),
  ("dsrl.zeros('x')", "integers or a list of them expected, got string 'x'"),
  ("dsrl.zeros(1 << 40)", "is too large"),
  ("dsrl.eye(1 << 40)", "is too large"),
  ("dsrl.full({1 << 62, 4}, 1)", "is too large"),
  ("dsrl.arange(1, 2, 0)", "a step other than 0"),
  ("dsrl.linspace(0, 1, 0)", "linspace wants a positive count, got 0"),
  ("dsrl.cat{}", "cat wants at least one tensor, got none"),
  ("dsrl.cat({dsrl.zeros(2, 3), dsrl.zeros(2, 4)}, 1)", "cannot cat shape [2, 4] to [2, 3] along dimension 1"),
  ("dsrl.stack{dsrl.zeros(2), dsrl.zeros(3)}", "cannot stack shape [3] with [2]"),
  ("dsrl.no_grad(1)", "bad argument #1 to 'no_grad' (function expected, got number)"),
  ("return dsrl.zeros(2, 3) + dsrl.zeros(4)", "cannot broadcast shape [2, 3] with [4]"),
  ("return dsrl.zeros(2) + {}", "bad operand #2 of '+' (Tensor or number expected, got table)"),
  ("return dsrl.zeros(2)[0]", "an index into dimension 1 of shape [2] wants 1 to 2, or -1 to -2 from the end, got 0"),
  ("return dsrl.zeros(2)[3]", "an index into dimension 1 of shape [2] wants 1 to 2"),
  ("return dsrl.zeros(2)[{1, 1}]", "2 indices into a tensor of 1 dimensions, shape [2]"),
  ("return dsrl.zeros(2).shap", "Tensor has no field 'shap' (did you mean 'shape'?)"),
  ("dsrl.zeros(2).shape = {3}", "field 'shape' of Tensor cannot be assigned"),
  ("dsrl.zeros(2):sum(0)", "a dimension of shape [2] wants 1 to 1, or -1 to -1 from the end, got 0"),
  ("dsrl.zeros(2):sum(2)", "a dimension of shape [2] wants 1 to 1"),
  ("dsrl.tensor(1):sum(1)", "a dimension of shape []: there is none, got 1"),
  ("dsrl.zeros(2, 3):reshape(4)", "cannot reshape [2, 3] to [4]"),
  ("dsrl.zeros(2):reshape(1 << 62, 4, -1)", "is too large"),
  ("dsrl.zeros(2, 3):permute(1, 1)", "permute wants each of 1 to 2 once, got [1, 1]"),
  ("dsrl.zeros(5):narrow(1, 4, 3)", "narrow wants a length from 0 to 2 there, got 3"),
  ("dsrl.zeros(5):narrow(1, 2, math.maxinteger)", "narrow wants a length from 0 to 4 there"),
  ("dsrl.zeros(5):expand(1 << 62, 5)", "is too large"),
  ("dsrl.zeros(2, 3):index_select(1, {3})", "an index into dimension 1 of shape [2, 3] wants 1 to 2"),
  ("dsrl.zeros(2):index_select(1, {1.5})", "an index is an integer, got 1.5"),
  ("dsrl.zeros(2, 3):gather(1, {1})", "gather along dimension 1 of shape [2, 3] wants an index of as many dimensions"),
  ("dsrl.zeros(2, 3):matmul(dsrl.zeros(2, 3))", "[2, 3]"),
  ("dsrl.zeros(2):item()", "item() wants a tensor with one element, got shape [2]"),
  ("dsrl.zeros(2):clamp(1, 0)", "clamp wants low <= high, got 1.0 and 0.0"),
  ("dsrl.zeros(2, 3):sum{1, 1}", "a reduction wants at least one dimension, and each once, got [1, 1]"),
  ("dsrl.zeros(2, 3):mean{}", "a reduction wants at least one dimension, and each once, got []"),
  ("dsrl.zeros(2, 3):max{1, 3}", "wants 1 to 2"),
  ("dsrl.zeros(2, 3):norm(1, false, 3)", "a norm wants p = 1, 2 or infinity, got 3.0"),
  ("dsrl.zeros(0):max()", "an empty dimension has no largest or smallest element"),
  ("dsrl.zeros(2):backward()", "backward() on a tensor that does not depend on one requiring gradients"),
  ("dsrl.zeros(2).sum(3)", "calling 'sum' on bad self (Tensor expected, got number)"),
]
