using Xunit;

namespace Palisade.EndToEnd.Tests;

/// <summary>What the documents tell a reader to type does what they say.</summary>
public sealed class DocumentTests
{
    [Fact]
    public async Task The_readme_s_first_screen()
    {
        Needs.Cluster();
        var steps = Transcript.Read(Path.Combine(Places.Root, "README.md"));
        Assert.Equal(["./palisade up --demo", "./build.sh test"], steps.Take(2).Select(step => step.Command));
        Assert.StartsWith("export KUBECONFIG=", steps[2].Command, StringComparison.Ordinal);
        Assert.True(steps.Count >= 10, "the transcript is gone");
        await using var up = await UpProcess.StartAsync(UpProcess.NewData(), "--demo");
        KeyValuePair<string, string>[] environment =
        [
            new("KUBECONFIG", up.Kubeconfig),
            new("PATH", $"{Path.GetDirectoryName(Places.Kubectl)}:{Environment.GetEnvironmentVariable("PATH")}"),
        ];
        foreach (var step in steps.Skip(3))
            await Transcript.ExpectAsync(step, environment);
    }

    [Fact]
    public async Task Every_example()
    {
        var examples = Directory.GetDirectories(Path.Combine(Places.Root, "examples"));
        Assert.NotEmpty(examples);
        foreach (var example in examples)
        {
            var steps = Transcript.Read(Path.Combine(example, "README.md"));
            Assert.True(steps.Count > 0, $"{example} tells a reader nothing to type");
            foreach (var step in steps)
            {
                Assert.NotEmpty(step.Output);
                await Transcript.ExpectAsync(step, []);
            }
        }
    }
}
