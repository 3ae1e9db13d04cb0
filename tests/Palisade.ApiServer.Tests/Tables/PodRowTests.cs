using System.Text.Json.Nodes;
using Palisade.ApiServer.Tables;
using Xunit;

namespace Palisade.ApiServer.Tests.Tables;

/// <summary>Ready, Status and Restarts of pods, as kubectl users know them; and ages.</summary>
public sealed class PodRowTests
{
    private static readonly DateTimeOffset _now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("""{"phase":"Pending"}""", "0/2", "Pending", "0")]
    [InlineData("""{"phase":"Running","containerStatuses":[{"name":"a","ready":true,"state":{"running":{}}},{"name":"b","ready":true,"state":{"running":{}}}]}""", "2/2", "Running", "0")]
    [InlineData("""{"phase":"Pending","containerStatuses":[{"name":"a","state":{"waiting":{"reason":"ContainerCreating"}}}]}""", "0/2", "ContainerCreating", "0")]
    [InlineData("""{"phase":"Running","containerStatuses":[{"name":"a","restartCount":3,"state":{"waiting":{"reason":"CrashLoopBackOff"}},"lastState":{"terminated":{"finishedAt":"2026-01-01T11:57:00Z"}}}]}""", "0/2", "CrashLoopBackOff", "3 (3m ago)")]
    [InlineData("""{"phase":"Failed","containerStatuses":[{"name":"a","state":{"terminated":{"exitCode":2}}}]}""", "0/2", "ExitCode:2", "0")]
    [InlineData("""{"phase":"Failed","reason":"Evicted"}""", "0/2", "Evicted", "0")]
    [InlineData("""{"phase":"Running","conditions":[{"type":"Ready","status":"False"}],"containerStatuses":[{"name":"a","state":{"terminated":{"reason":"Completed"}}},{"name":"b","ready":true,"state":{"running":{}}}]}""", "1/2", "NotReady", "0")]
    public void Of_pods_that_live(string status, string ready, string word, string restarts)
    {
        var cells = PodRow.Of(Pod(status), _now).Cells;
        Assert.Equal([ready, word, restarts], [(string)cells[1]!, (string)cells[2]!, (string)cells[3]!]);
    }

    [Fact]
    public void Of_pods_that_start_and_end()
    {
        var starting = Pod("""{"phase":"Pending","initContainerStatuses":[{"name":"i","state":{"running":{}}}]}""");
        starting["spec"]!["initContainers"] = JsonNode.Parse("""[{"name":"i"},{"name":"j"}]""");
        Assert.Equal("Init:0/2", (string)PodRow.Of(starting, _now).Cells[2]!);
        var ending = Pod("""{"phase":"Running"}""");
        ending["metadata"] = JsonNode.Parse("""{"deletionTimestamp":"2026-01-01T11:59:00Z"}""");
        Assert.Equal("Terminating", (string)PodRow.Of(ending, _now).Cells[2]!);
        Assert.True(PodRow.Of(Pod("""{"phase":"Succeeded"}"""), _now).Completed);
        var sidecar = Pod("""{"phase":"Running","initContainerStatuses":[{"name":"s","ready":true,"started":true,"restartCount":1,"state":{"running":{}}}]}""");
        sidecar["spec"]!["initContainers"] = JsonNode.Parse("""[{"name":"s","restartPolicy":"Always"}]""");
        Assert.Equal("1/3", (string)PodRow.Of(sidecar, _now).Cells[1]!);
    }

    [Theory]
    [InlineData(0, "0s")]
    [InlineData(-1, "0s")]
    [InlineData(-5, "<invalid>")]
    [InlineData(119, "119s")]
    [InlineData(120, "2m")]
    [InlineData(125, "2m5s")]
    [InlineData(600, "10m")]
    [InlineData(10_799, "179m")]
    [InlineData(10_800, "3h")]
    [InlineData(11_000, "3h3m")]
    [InlineData(8 * 3600, "8h")]
    [InlineData(48 * 3600, "2d")]
    [InlineData(50 * 3600, "2d2h")]
    [InlineData(200 * 3600, "8d")]
    [InlineData(730 * 86400, "2y")]
    [InlineData(800 * 86400, "2y70d")]
    [InlineData(3650 * 86400L, "10y")]
    public void Ages(long seconds, string expected) =>
        Assert.Equal(expected, HumanDuration.Of(TimeSpan.FromSeconds(seconds)));

    private static JsonObject Pod(string status) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = "p" },
        ["spec"] = JsonNode.Parse("""{"containers":[{"name":"a"},{"name":"b"}]}"""),
        ["status"] = JsonNode.Parse(status),
    };
}
