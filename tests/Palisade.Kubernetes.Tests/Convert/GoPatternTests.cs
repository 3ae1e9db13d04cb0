using Palisade.Kubernetes.Convert;
using Xunit;

namespace Palisade.Kubernetes.Tests.Convert;

/// <summary>Go's regular expressions, where .NET's would say something else.</summary>
public sealed class GoPatternTests
{
    [Theory]
    [InlineData("^a$", "a", true)]
    [InlineData("^a$", "a\n", false)]
    [InlineData(@"^\d+$", "٣", false)]
    [InlineData(@"^\w+$", "é", false)]
    [InlineData(@"^[\w.]+$", "a.b_1", true)]
    [InlineData(@"^[^\s]+$", "a b", false)]
    [InlineData("^[[:alpha:]]+$", "aZ", true)]
    [InlineData("^[[:alpha:]]+$", "a1", false)]
    [InlineData("^[a-]+$", "a-", true)]
    [InlineData("^[]a]+$", "]a", true)]
    [InlineData("^[Z-[b]$", "[", true)]
    [InlineData(@"^\Qa.b\E$", "a.b", true)]
    [InlineData(@"^\Qa.b\E$", "axb", false)]
    [InlineData("^(?P<x>a|b){2}$", "ab", true)]
    [InlineData("^(?i:abc)$", "aBC", true)]
    [InlineData("^a{,2}$", "a{,2}", true)]
    [InlineData(@"^\x{41}\pL$", "Aé", true)]
    [InlineData("^a # b$", "a # b", true)]
    public void Matches(string pattern, string text, bool expected) =>
        Assert.Equal(expected, GoPattern.TryCompile(pattern)!.IsMatch(text));

    [Theory]
    [InlineData("(")]
    [InlineData("a)")]
    [InlineData("[a")]
    [InlineData("a{1001}")]
    [InlineData("((a{100}){100})")]
    [InlineData("(?=a)")]
    [InlineData("(?<!a)b")]
    [InlineData(@"(a)\1")]
    [InlineData(@"\y")]
    [InlineData("*a")]
    public void Refuses_what_Go_refuses(string pattern) => Assert.Null(GoPattern.TryCompile(pattern));
}
