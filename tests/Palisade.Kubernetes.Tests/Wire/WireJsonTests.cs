using System.Text;
using Palisade.Kubernetes.Wire;
using Xunit;

namespace Palisade.Kubernetes.Tests.Wire;

public sealed class WireJsonTests
{
    [Theory]
    [InlineData("", "unexpected end of JSON input", 1, 1)]
    [InlineData("{", "unexpected end of JSON input", 1, 2)]
    [InlineData("{\"a\"", "unexpected end of JSON input", 1, 5)]
    [InlineData("{\"a\" 1}", "invalid character '1' after object key", 1, 6)]
    [InlineData("{\"a\":1 2}", "invalid character '2' after object key:value pair", 1, 8)]
    [InlineData("[1 2]", "invalid character '2' after array element", 1, 4)]
    [InlineData("{a:1}", "invalid character 'a' looking for beginning of object key string", 1, 2)]
    [InlineData("{\"a\":1,}", "invalid character '}' looking for beginning of object key string", 1, 8)]
    [InlineData("[1,]", "invalid character ']' looking for beginning of value", 1, 4)]
    [InlineData("{}\n {}", "invalid character '{' after top-level value", 2, 2)]
    [InlineData("truth", "invalid character 't' in literal true (expecting 'e')", 1, 4)]
    [InlineData("\"a\nb\"", "invalid character '\\n' in string literal", 1, 3)]
    [InlineData("\"\\x\"", "invalid character 'x' in string escape code", 1, 3)]
    [InlineData("\"\\u12g4\"", "invalid character 'g' in \\u hexadecimal character escape", 1, 6)]
    [InlineData("-x", "invalid character 'x' in numeric literal", 1, 2)]
    [InlineData("1.x", "invalid character 'x' after decimal point in numeric literal", 1, 3)]
    [InlineData("01", "invalid character '1' after top-level value", 1, 2)]
    [InlineData("apiVersion: v1", "invalid character 'a' looking for beginning of value", 1, 1)]
    public void Refuses_in_the_words_of_Go(string text, string message, int line, int column)
    {
        var (value, error) = WireJson.Parse(Encoding.UTF8.GetBytes(text));
        Assert.Null(value);
        Assert.Equal(new WireError(message, new(line, column)), error);
    }

    [Fact]
    public void Keeps_positions_order_repeats_and_numbers()
    {
        var value =
            (WireObject)WireJson.Parse("{\"é\": 1.50,\n  \"b\": [null, \"\\ud83d\\ude00\\ud800\"], \"b\": 2}"u8).Value!;
        Assert.Equal(new WireNumber("1.50", new(1, 7)), value["é"]);
        Assert.Equal(3, value.Members.Length);
        Assert.Equal(new Position(2, 3), value.Members[1].At);
        Assert.Equal("\U0001F600\uFFFD", ((WireString)((WireArray)value.Members[1].Value).Items[1]).Value);
        Assert.Equal("{\"é\":1.50,\"b\":2}", Encoding.UTF8.GetString(WireJson.Write(value)));
    }

    [Fact]
    public void Hostile_documents_are_refused()
    {
        Assert.Equal("invalid UTF-8", WireJson.Parse([(byte)'"', 0xff, (byte)'"']).Error!.Message);
        Assert.Equal("exceeded max depth",
            WireJson.Parse(Encoding.UTF8.GetBytes(new string('[', 1_000_000))).Error!.Message);
        Assert.Contains("more than the limit", WireJson.Parse(new byte[11 * 1024 * 1024]).Error!.Message);
    }

    [Fact]
    public void Goes_through_a_node_tree_unchanged()
    {
        const string Text = """{"a":[1,2.5,"x",true,null,{}],"b":{"c":12345678901}}""";
        var value = WireJson.Parse(Encoding.UTF8.GetBytes(Text)).Value!;
        var back = WireJson.FromNode(WireJson.ToNode(value));
        Assert.Equal(Text, Encoding.UTF8.GetString(WireJson.Write(back)));
    }
}
