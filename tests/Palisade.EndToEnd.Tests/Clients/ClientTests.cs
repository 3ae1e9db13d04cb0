using System.Collections.Immutable;
using Xunit;

namespace Palisade.EndToEnd.Tests.Clients;

/// <summary>
/// Real clients of many versions against one `palisade up`, all at once; docs/clients.md says what each can do.
/// PALISADE_GOLDEN=write writes it anew.
/// </summary>
public sealed class ClientTests
{
    private static readonly ImmutableArray<string> _kubectls =
        ["1.20", "1.24", "1.28", "1.30", "1.32", "1.34", "1.35"];

    private static readonly ImmutableArray<string> _helms = ["3", "4"];
    private static readonly string _document = Path.Combine(Places.Root, "docs", "clients.md");

    [Fact]
    public async Task Clients_of_many_versions_do_what_the_document_says()
    {
        Needs.Cluster();
        // 1.20 is Debian's; where there is none, its column is not looked at.
        var missing = _kubectls.Skip(1).Select(version => $"kubectl-{version}")
            .Concat(_helms.Select(version => $"helm-{version}")).Where(name => Places.Tool(name) is null).ToList();
        if (missing.Count > 0)
            Assert.Skip($"no {string.Join(", ", missing)}: ./build.sh tools installs them");
        await using var up = await UpProcess.StartAsync(UpProcess.NewData(), "--nodes", "1");
        var kubectl = RunAsync("kubectl", _kubectls, KubectlSteps.All, up.Kubeconfig);
        var helm = RunAsync("helm", _helms, HelmSteps.All, up.Kubeconfig);
        List<string> wrong = [.. await JudgeAsync("kubectl", KubectlSteps.All, await kubectl)];
        wrong.AddRange(await JudgeAsync("helm", HelmSteps.All, await helm));
        Assert.True(wrong.Count == 0, string.Join("\n", wrong));
    }

    private static async Task<IReadOnlyList<Column>> RunAsync(
        string program, ImmutableArray<string> versions, IReadOnlyList<ClientStep> steps, string kubeconfig)
    {
        var running = versions.Where(version => Places.Tool($"{program}-{version}") is not null)
            .Select(version => Task.Run(async () =>
            {
                var title = $"{program}-{version.Replace('.', '-')}";
                using var session = new ClientSession(
                    Places.Tool($"{program}-{version}")!, program, title, kubeconfig);
                var results = new List<(string Cell, Ran Ran)>();
                foreach (var step in steps)
                    results.Add(await session.RunAsync(step));
                return new Column(version, results);
            }));
        return await Task.WhenAll(running);
    }

    /// <summary>What differs from the document; or the document written, where that is asked for.</summary>
    private static async Task<IReadOnlyList<string>> JudgeAsync(
        string program, IReadOnlyList<ClientStep> steps, IReadOnlyList<Column> columns)
    {
        var document = await File.ReadAllTextAsync(_document);
        if (Environment.GetEnvironmentVariable("PALISADE_GOLDEN") == "write")
        {
            var table = ClientTable.Write(
                program, [.. steps.Select(step => step.Name)], [.. columns.Select(c => (c.Version, c.Cells))]);
            await File.WriteAllTextAsync(_document, ClientTable.Replace(document, program, table));
            return [];
        }

        var wrong = new List<string>();
        foreach (var column in columns)
        {
            var expected = ClientTable.Read(document, program, column.Version)
                .ToDictionary(cell => cell.Row, cell => cell.Cell, StringComparer.Ordinal);
            foreach (var (step, (cell, ran)) in steps.Zip(column.Results))
            {
                if (expected.GetValueOrDefault(step.Name, "not there") is var told && told != cell)
                    wrong.Add($"{program} {column.Version}, {step.Name}: {cell}, docs/clients.md says {told}\n{ran}");
            }
        }

        return wrong;
    }

    private sealed record Column(string Version, IReadOnlyList<(string Cell, Ran Ran)> Results)
    {
        public IReadOnlyList<string> Cells => [.. Results.Select(result => result.Cell)];
    }
}
