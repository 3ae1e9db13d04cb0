using System.Text;
using Palisade.Kubernetes.Wire;
using Palisade.Manifests;
using Xunit;

namespace Palisade.Kubernetes.Tests.Manifests;

/// <summary>Plain scalars and structures as kubectl turns them into JSON.</summary>
public sealed class YamlScalarTests
{
    [Theory]
    [InlineData("y", "true")]
    [InlineData("No", "false")]
    [InlineData("ON", "true")]
    [InlineData("off", "false")]
    [InlineData("yEs", "\"yEs\"")]
    [InlineData("true", "true")]
    [InlineData("~", "null")]
    [InlineData("Null", "null")]
    [InlineData("", "null")]
    [InlineData("nULL", "\"nULL\"")]
    [InlineData("0777", "511")]
    [InlineData("0o17", "15")]
    [InlineData("08", "8")]
    [InlineData("0x1F", "31")]
    [InlineData("0b101", "5")]
    [InlineData("-0b101", "-5")]
    [InlineData("1_000", "1000")]
    [InlineData("+5", "5")]
    [InlineData("-7", "-7")]
    [InlineData("80.0", "80")]
    [InlineData("1.5", "1.5")]
    [InlineData("1e3", "1000")]
    [InlineData("1e21", "1e+21")]
    [InlineData("1e-7", "1e-7")]
    [InlineData("0.0001", "0.0001")]
    [InlineData("0.00001", "0.00001")]
    [InlineData(".5", "0.5")]
    [InlineData("1.", "1")]
    [InlineData("18446744073709551615", "18446744073709551615")]
    [InlineData("18446744073709551616", "18446744073709552000")]
    [InlineData(".5_0", "0.5")]
    [InlineData("1:30", "\"1:30\"")]
    [InlineData("2001-01-01", "\"2001-01-01\"")]
    [InlineData("10.0.0.0/8", "\"10.0.0.0/8\"")]
    [InlineData("1.2.3", "\"1.2.3\"")]
    [InlineData("-x", "\"-x\"")]
    [InlineData("0x", "\"0x\"")]
    [InlineData("80-90", "\"80-90\"")]
    [InlineData("'80'", "\"80\"")]
    [InlineData("\"yes\"", "\"yes\"")]
    [InlineData("!!str 80", "\"80\"")]
    [InlineData("!!int \"80\"", "80")]
    [InlineData("!!binary aGk=", "\"hi\"")]
    public void Scalars_resolve_as_yaml_1_1(string yaml, string json) => Assert.Equal($"[{json}]", Json($"- {yaml}"));

    [Theory]
    [InlineData("{y: 1, 2: 3, 1.5: 4, ~x: 5}", """{"true":1,"2":3,"1.5":4,"~x":5}""")]
    [InlineData("a: 1\na: 2", """{"a":2}""")]
    [InlineData("x: &a {p: 1, q: 2}\nz: {<<: *a, q: 3}", """{"x":{"p":1,"q":2},"z":{"q":3,"p":1}}""")]
    [InlineData("x: &a {p: 1}\nz: {p: 9, <<: *a}", """{"x":{"p":1},"z":{"p":1}}""")]
    [InlineData("x: [&a {p: 1}, &b {p: 2, r: 3}]\nz: {<<: [*a, *b]}", """{"x":[{"p":1},{"p":2,"r":3}],"z":{"p":1,"r":3}}""")]
    [InlineData("a: |\n  x\n  ---y\n", """{"a":"x\n---y\n"}""")]
    [InlineData("a:\t{\n\tb: [\n \t1] }\nc: 'x\n\ty'\nd: >\n  \tz", """{"a":{"b":[1]},"c":"x y","d":"\tz"}""")]
    public void Structures_become_json(string yaml, string json)
    {
        var want = WireJson.ToNode(WireJson.Parse(Encoding.UTF8.GetBytes(json)).Value!)!;
        var (values, _, error) = YamlReader.Read(yaml, 1, WireLimits.Default);
        Assert.Null(error);
        Assert.True(System.Text.Json.Nodes.JsonNode.DeepEquals(want, WireJson.ToNode(values[0])),
            Encoding.UTF8.GetString(WireJson.Write(values[0])));
    }

    [Theory]
    [InlineData("a: *b", "unknown anchor 'b' referenced", 1, 4)]
    [InlineData("a: &b [*b]", "anchor 'b' value contains itself", 1, 8)]
    [InlineData("{[1]: 2}", "unsupported map key: a key must be a string, a number or a boolean", 1, 2)]
    [InlineData("x: 1\n<<: 3", "map merge requires map or sequence of maps as the value", 2, 5)]
    [InlineData("a: .inf", "json: unsupported value: .inf", 1, 4)]
    public void What_json_cannot_hold_is_refused(string yaml, string message, int line, int column)
    {
        var (_, _, error) = YamlReader.Read(yaml, 1, WireLimits.Default);
        Assert.Equal(new WireError(message, new(line, column)), error);
    }

    private static string Json(string yaml)
    {
        var (values, _, error) = YamlReader.Read(yaml, 1, WireLimits.Default);
        Assert.Null(error);
        return Encoding.UTF8.GetString(WireJson.Write(values[0]));
    }
}
