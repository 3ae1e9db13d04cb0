using System.Text.Json.Nodes;
using Palisade.ApiServer.Objects;
using Palisade.ApiServer.Resources;
using Palisade.ApiServer.Selecting;
using Palisade.ApiServer.Storage;
using Xunit;

namespace Palisade.ApiServer.Tests.Storage;

/// <summary>How long changes are remembered, by a clock that the test turns.</summary>
public sealed class WatchWindowTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("palisade-window-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Five_minutes_are_kept_and_an_hour_is_not()
    {
        var clock = new TurnedClock();
        await using var server = await EmbeddedApiServer.StartAsync(
            new ApiServerOptions { DataDirectory = _directory, Time = clock });
        using var client = new Client(server);
        var first = Version(server.Store.Create(Manifests.Pod("default", "a")));
        var page = (await client.Get("/api/v1/namespaces?limit=1")).Json;
        clock.Turn(TimeSpan.FromMinutes(5));
        server.Store.Create(Manifests.Pod("default", "b"));
        using (var recent = await client.Watch($"/api/v1/pods?watch=true&resourceVersion={first}"))
            Assert.Equal("ADDED b", (await recent.Next())!.ToString());
        clock.Turn(TimeSpan.FromHours(1));
        server.Store.Create(Manifests.Pod("default", "c"));
        using (var old = await client.Watch($"/api/v1/pods?watch=true&resourceVersion={first}"))
        {
            var error = (await old.Next())!;
            Assert.Equal("ERROR", error.Type);
            Assert.Equal("Expired", (string)error.Object["reason"]!);
        }

        var token = (string)page["metadata"]!["continue"]!;
        var expired = await client.Get($"/api/v1/namespaces?limit=1&continue={token}");
        Assert.Equal(410, (int)expired.Code);
        Assert.StartsWith("The provided continue parameter is too old", expired.Message);
        var exact = await client.Get($"/api/v1/pods?resourceVersion={first}&resourceVersionMatch=Exact");
        Assert.Equal(410, (int)exact.Code);
    }

    [Fact]
    public void A_storm_of_writes_shortens_the_window_instead_of_filling_memory()
    {
        var pods = new ResourceRegistry(new ApiServerOptions { DataDirectory = _directory }).Pods;
        var log = new ChangeLog(10, TimeProvider.System, maxBytes: 100_000);
        var cursor = new WatchCursor(
            log, new Selection(pods, null, LabelSelection.Everything, FieldSelection.Everything), 10);
        var stored = StoredObject.Of(pods, Manifests.Pod("default", "a"), 0);
        for (var version = 11L; version <= 3000; version++)
            log.Append([new Change(version, stored, stored, TimeProvider.System.GetUtcNow())]);
        Assert.Null(cursor.Read(out _));
        Assert.False(log.Covers(11));
        Assert.True(log.Covers(log.StartVersion));
        var kept = log.After(log.StartVersion, int.MaxValue, out var more)!;
        Assert.InRange(kept.Sum(change => change.Size), 100_000 - stored.Json.Length, 100_000);
        Assert.Equal(3000, kept[^1].Version);
        Assert.False(more.IsCompleted);
        log.Append([new Change(3001, stored, null, TimeProvider.System.GetUtcNow()) { Last = stored }]);
        Assert.True(more.IsCompleted);
    }

    private static string Version(JsonObject tree) => (string)tree["metadata"]!["resourceVersion"]!;

    private sealed class TurnedClock : TimeProvider
    {
        private DateTimeOffset _now = System.GetUtcNow();

        public void Turn(TimeSpan by) => _now += by;

        public override DateTimeOffset GetUtcNow() => _now;
    }
}
