using Palisade.Kubernetes.Cel;
using Palisade.Kubernetes.Wire;
using Xunit;

namespace Palisade.Kubernetes.Tests.Cel;

/// <summary>CEL as Kubernetes' rules use it: expressions and values, by the language and its libraries.</summary>
public sealed class CelTests
{
    private static readonly WireObject Self = (WireObject)WireJson.Parse("""
        {"name": "web", "replicas": 3, "share": 0.5, "on": true, "tags": ["a", "b", "c"], "empty": [],
         "ports": [{"name": "http", "number": 80}, {"number": 443}], "labels": {"app": "x", "tier/a": "y"},
         "a-b": 1, "namespace": "n"}
        """u8).Value!;

    [Theory]
    // arithmetic, order, equality
    [InlineData("1 + 2 * 3 - 4 / 2 % 3", "5")]
    [InlineData("-7 / 2", "-3")]
    [InlineData("-7 % 2", "-1")]
    [InlineData("9223372036854775807 + 1", "!integer overflow")]
    [InlineData("-9223372036854775808 < 0", "true")]
    [InlineData("1 / 0", "!division by zero")]
    [InlineData("0x1F == 31 && 2u + 3u == 5u", "true")]
    [InlineData("1 == 1.0 && 1u == 1 && 2 > 1.5", "true")]
    [InlineData("'a' == 1", "false")]
    [InlineData("[1, 2] == [1, 2.0] && {'a': [1]} == {'a': [1]}", "true")]
    [InlineData("'a' + 'b' < 'b'", "true")]
    [InlineData("[1] + [2]", "[1, 2]")]
    [InlineData("1 + 'a'", "!no such overload")]
    // logic: what decides wins over errors, whichever side
    [InlineData("true || 1 / 0 == 1", "true")]
    [InlineData("1 / 0 == 1 || true", "true")]
    [InlineData("1 / 0 == 1 && false", "false")]
    [InlineData("1 / 0 == 1 && true", "!division by zero")]
    [InlineData("self.on ? 'yes' : 'no'", "yes")]
    [InlineData("!self.on", "false")]
    // fields
    [InlineData("self.replicas > 2 && self.share < 1.0", "true")]
    [InlineData("has(self.name) && !has(self.nothing)", "true")]
    [InlineData("self.nothing", "!no such key: nothing")]
    [InlineData("self.ports[1].number", "443")]
    [InlineData("self.ports[2].number", "!index out of bounds: 2")]
    [InlineData("self.labels['tier/a']", "y")]
    [InlineData("self.a__dash__b + 1", "2")]
    [InlineData("self.__namespace__", "n")]
    [InlineData("'app' in self.labels && 'b' in self.tags && !(4 in [1, 2])", "true")]
    [InlineData("self.?nothing.orValue('x') + self.?name.orValue('x')", "xweb")]
    [InlineData("self.tags[?7].hasValue()", "false")]
    [InlineData("optional.of(1).value() + optional.none().orValue(2)", "3")]
    // macros
    [InlineData("self.ports.all(p, p.number > 0)", "true")]
    [InlineData("self.ports.exists(p, has(p.name) && p.name == 'http')", "true")]
    [InlineData("self.ports.exists_one(p, p.number == 80)", "true")]
    [InlineData("self.ports.map(p, p.number * 2)", "[160, 886]")]
    [InlineData("self.ports.map(p, p.number > 100, p.number)", "[443]")]
    [InlineData("self.tags.filter(t, t != 'b')", "[a, c]")]
    [InlineData("self.labels.all(k, k.size() > 2)", "true")]
    [InlineData("self.tags.all(i, t, t == ['a', 'b', 'c'][i])", "true")]
    [InlineData("self.empty.all(x, 1 / 0 == 1)", "true")]
    // strings
    [InlineData("'héllo'.size() == 5 && size('') == 0", "true")]
    [InlineData("self.name.startsWith('w') && self.name.endsWith('b') && self.name.contains('e')", "true")]
    [InlineData("'a.b.c'.split('.').join('-')", "a-b-c")]
    [InlineData("['', 'a', ''].join(',')", ",a,")]
    [InlineData("'Ab'.lowerAscii() + 'Ab'.upperAscii()", "abAB")]
    [InlineData("'tacocat'.substring(1, 4) + 'x'.charAt(0)", "acox")]
    [InlineData("'banana'.indexOf('an') + 'banana'.lastIndexOf('an')", "4")]
    [InlineData("'aaa'.replace('a', 'b', 2) + 'x'.replace('', '-')", "bba-x-")]
    [InlineData("' a '.trim() + r'\\d' + '\\u0041' + \"it's\"", @"a\dAit's")]
    [InlineData("'web-1'.matches('^[a-z]+-\\\\d$') && !'web-1\\n'.matches('^web-1$')", "true")]
    [InlineData("'abc'.matches('(')", "!error parsing regexp: `(`")]
    [InlineData("'a1b22'.findAll('[0-9]+')", "[1, 22]")]
    // conversions and times
    [InlineData("int('42') + int(3.9) + int(2u)", "47")]
    [InlineData("string(1.5) + string(7) + string(true)", "1.57true")]
    [InlineData("type(1) == int && type('') == string", "true")]
    [InlineData("duration('1h30m') > duration('89m') && duration('90s').getMinutes() == 1", "true")]
    [InlineData("timestamp('2024-01-02T03:04:05Z').getFullYear()", "2024")]
    // lists, sets
    [InlineData("[3, 1, 2].max() + [3, 1, 2].min() + [1, 2].sum()", "7")]
    [InlineData("[1, 2, 2].isSorted() && ![2, 1].isSorted() && [1, 2, 1].lastIndexOf(1) == 2", "true")]
    [InlineData("sets.contains([1, 2, 3], [2]) && sets.equivalent([1, 1], [1]) && !sets.intersects([1], [2])", "true")]
    // networks
    [InlineData("isCIDR('10.0.0.0/8') && isCIDR('10.0.0.1/8') && !isCIDR('10.0.0.1')", "true")]
    [InlineData("!isCIDR('010.0.0.0/8') && !isCIDR('::ffff:1.2.3.4/96') && isIP('fe80::1')", "true")]
    [InlineData("!isIP('1.2.3.4/8') && !isIP('::ffff:1.2.3.4')", "true")]
    [InlineData("cidr('10.0.0.0/8').containsIP('10.1.2.3') && !cidr('10.0.0.0/8').containsCIDR('10.0.0.0/7')", "true")]
    [InlineData("ip('fe80::1').family() == 6 && ip('127.0.0.1').isLoopback()", "true")]
    [InlineData("ip('169.254.0.1').isLinkLocalUnicast() && !ip('169.254.0.1').isGlobalUnicast()", "true")]
    [InlineData("string(cidr('10.9.8.7/8').masked()) + string(cidr('10.9.8.7/8').ip())", "10.0.0.0/810.9.8.7")]
    [InlineData("ip('x').family() == 4", "!IP Address \"x\" parse error during conversion from string")]
    public void Values(string expression, string expected)
    {
        var (program, problem) = CelProgram.Parse(expression);
        Assert.Null(problem);
        var value = program!.Evaluate(CelScope.Of(("self", CelText.Value(Self, null))), new CelBudget(10_000));
        Assert.Equal(expected, value is CelError error ? "!" + error.Message : CelText.Of(value));
    }

    [Theory]
    [InlineData("self.", "ERROR: <input>:1:6: Syntax error: mismatched input '<EOF>'\n | self.\n | .....^")]
    [InlineData("a &&\n b ==", "ERROR: <input>:2:6: Syntax error: mismatched input '<EOF>'\n |  b ==\n | .....^")]
    [InlineData("'abc", "ERROR: <input>:1:1: Syntax error: unterminated string literal\n | 'abc\n | ^")]
    [InlineData("has(self)", "ERROR: <input>:1:1: invalid argument to has() macro\n | has(self)\n | ^")]
    [InlineData("1 = 2", "ERROR: <input>:1:3: Syntax error: token recognition error at: '='\n | 1 = 2\n | ..^")]
    public void What_is_no_expression_is_told_with_its_place(string text, string problem) =>
        Assert.Equal((null, problem), CelProgram.Parse(text));

    [Theory]
    [InlineData("r.all(a, r.all(b, r.all(c, r.all(d, r.all(e, a + b + c + d + e >= 0)))))")]
    [InlineData("r.map(a, r.map(b, r.map(c, r.map(d, [a, b, c, d])))).size() > 0")]
    [InlineData("'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'.replace('a', "
        + "'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb').replace('b', 'cccccccccccccccccccccccccccccccccc')"
        + ".replace('c', 'dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd') == ''")]
    [InlineData("['x'].map(s, s+s+s+s+s+s+s+s).map(s, s+s+s+s+s+s+s+s).map(s, s+s+s+s+s+s+s+s)"
        + ".map(s, s+s+s+s+s+s+s+s).map(s, s+s+s+s+s+s+s+s).map(s, s+s+s+s+s+s+s+s).map(s, s+s+s+s).size() > 0")]
    public void What_costs_too_much_ends(string expression)
    {
        var range = new CelList([.. Enumerable.Range(0, 100).Select(i => (object?)(long)i)]);
        var (program, _) = CelProgram.Parse(expression);
        var value = program!.Evaluate(CelScope.Of(("r", range)), new CelBudget(100_000));
        Assert.Equal(CelError.OutOfBudget, value);
    }

    [Fact]
    public void Depth_has_a_bound()
    {
        Assert.Contains("recursion limit", CelProgram.Parse(new string('(', 10_000)).Problem);
        var sum = string.Concat(Enumerable.Repeat("1+", 10_000)) + "1";
        Assert.Contains("recursion limit", CelProgram.Parse(sum).Problem);
        Assert.Contains("recursion limit", CelProgram.Parse(new string('!', 100_000) + "true").Problem);
        Assert.Null(CelProgram.Parse(string.Concat(Enumerable.Repeat("true && ", 10_000)) + "true").Problem);
    }
}
