using Xunit;

namespace Palisade.EndToEnd.Tests;

/// <summary>The clusters that `palisade bench gen` writes are what the other commands read.</summary>
public sealed class BenchTests
{
    [Fact]
    public async Task A_generated_cluster_is_explained_from_standard_input()
    {
        var generated = await Shell.RunAsync(Places.Cli, ["bench", "gen", "size:200,40,10", "--seed", "3"]);
        Assert.Equal((0, ""), (generated.Code, generated.Errors));
        var explained =
            await Shell.RunAsync(Places.Cli, ["explain", "ns-0/Deployment/app-0", "ns-1/Deployment/app-0", "-f", "-"],
                generated.Output);
        Assert.True(explained.Code is 0 or 1 && explained.Errors.Length == 0, explained.ToString());
        Assert.Contains("ns-1/app-0-", explained.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_no_shape_is_bad_input_and_the_shapes_are_named()
    {
        var ran = await Shell.RunAsync(Places.Cli, ["bench", "gen", "size:10"]);
        Assert.Equal((2, ""), (ran.Code, ran.Output));
        Assert.Contains("netpol-scale:", ran.Errors, StringComparison.Ordinal);
    }
}
