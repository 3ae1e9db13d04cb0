using System.Text.RegularExpressions;
using Xunit;

namespace Palisade.Kubernetes.Tests.Manifests;

public sealed class DiagnosticPageTests
{
    [Fact]
    public void Every_id_has_its_row_and_every_row_its_id()
    {
        var root = Root();
        var rooms = new[] { "src/Palisade.Manifests", "src/Palisade.Kubernetes" };
        var used =
            rooms.SelectMany(room =>
                Directory.EnumerateFiles(Path.Combine(root, room), "*.cs", SearchOption.AllDirectories))
            .SelectMany(file =>
                Regex.Matches(File.ReadAllText(file), "\"(PL-D[0-9]{3})\"").Select(match => match.Groups[1].Value))
            .Distinct().Order(StringComparer.Ordinal);
        var rows =
            Regex.Matches(File.ReadAllText(Path.Combine(root, "docs/diagnostics.md")), @"^\| (PL-D[0-9]{3}) ",
                RegexOptions.Multiline)
            .Select(match => match.Groups[1].Value);
        Assert.Equal(used, rows);
    }

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "Palisade.slnx")))
            folder = folder.Parent;
        return folder.FullName;
    }
}
