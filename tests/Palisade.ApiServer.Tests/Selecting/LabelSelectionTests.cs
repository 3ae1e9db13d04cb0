using System.Collections.Frozen;
using Palisade.ApiServer.Selecting;
using Xunit;

namespace Palisade.ApiServer.Tests.Selecting;

/// <summary>The labelSelector parameter, against labels app=web, tier=front, n=5.</summary>
public sealed class LabelSelectionTests
{
    private static readonly FrozenDictionary<string, string> _labels = new Dictionary<string, string>
    {
        ["app"] = "web",
        ["tier"] = "front",
        ["n"] = "5",
    }.ToFrozenDictionary();

    [Theory]
    [InlineData("", true)]
    [InlineData("app", true)]
    [InlineData("none", false)]
    [InlineData("!app", false)]
    [InlineData("! none", true)]
    [InlineData("app=web", true)]
    [InlineData("app == web , tier=front", true)]
    [InlineData("app=web,tier=back", false)]
    [InlineData("app!=web", false)]
    [InlineData("none!=web", true)]
    [InlineData("app in (db, web)", true)]
    [InlineData("app in ()", false)]
    [InlineData("app notin (db)", true)]
    [InlineData("none notin (db)", true)]
    [InlineData("app=", false)]
    [InlineData("n>4", true)]
    [InlineData("n<4", false)]
    [InlineData("app>4", false)]
    public void Matches(string selector, bool expected) =>
        Assert.Equal(expected, LabelSelection.Parse(selector).Matches(_labels));

    [Theory]
    [InlineData("-a", "<nil>: Invalid value: \"-a\": name part must consist of alphanumeric characters")]
    [InlineData("!a/b/c", "<nil>: Invalid value: \"a/b/c\": a qualified name must consist of")]
    [InlineData("/a=b", "<nil>: Invalid value: \"/a\": prefix part must be non-empty")]
    [InlineData("a=_x", "values[0][a]: Invalid value: \"_x\": a valid label must be an empty string or consist of")]
    [InlineData("a in (b,-)", "values[0][a]: Invalid value: \"-\": a valid label must be")]
    [InlineData("a notin (b,-,.)", "[values[0][a]: Invalid value: \"-\": a valid label must be")]
    [InlineData("a>b", "values[0]: Invalid value: \"b\": for 'Gt', 'Lt' operators, the value must be an integer")]
    public void Judges_keys_and_values(string selector, string expected) => Assert.StartsWith(
        "unable to parse requirement: " + expected,
        Assert.Throws<StatusException>(() => LabelSelection.Parse(selector)).Message);

    [Theory]
    [InlineData("a b")]
    [InlineData("a in b")]
    [InlineData("a in (b")]
    [InlineData("a,")]
    [InlineData(",a")]
    [InlineData("!")]
    [InlineData("a==b=c")]
    [InlineData("a>b")]
    [InlineData("(")]
    public void Refuses(string selector)
    {
        var refusal = Assert.Throws<StatusException>(() => LabelSelection.Parse(selector));
        Assert.Equal(400, refusal.Code);
        Assert.StartsWith("unable to parse requirement: ", refusal.Message);
    }
}
