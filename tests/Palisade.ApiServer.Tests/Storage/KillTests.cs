using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace Palisade.ApiServer.Tests.Storage;

/// <summary>
/// Servers that are killed while many write: what was acknowledged is there, what was removed stays away, and no
/// version is given out twice. A thousand times where PALISADE_KILLS says so.
/// </summary>
public sealed class KillTests : IDisposable
{
    private const string Path = "/api/v1/namespaces/default/configmaps";
    private static readonly int _kills =
        int.TryParse(Environment.GetEnvironmentVariable("PALISADE_KILLS"), out var kills) ? kills
        : Environment.GetEnvironmentVariable("PALISADE_NIGHTLY") == "1" ? 1000 : 3;

    private readonly string _directory = Directory.CreateTempSubdirectory("palisade-kill-").FullName;
    private readonly Ledger _ledger = new();

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task What_was_acknowledged_survives_sigkill_among_writers()
    {
        const int Writers = 32;
        var random = new Random(7);
        for (var kill = 0; kill < _kills; kill++)
        {
            await using var server = await ServerProcess.StartAsync(_directory);
            await CheckAsync(server.Client);
            var enough = _ledger.Acknowledged + random.Next(1, 400);
            var watching = WatchAsync(server.Client);
            var writing = Enumerable.Range(0, Writers).Select(
                writer => Task.Run(() => WriteAsync(server.Client, writer, new Random((kill * Writers) + writer))));
            var all = Task.WhenAll(writing);
            await Eventually(() => _ledger.Acknowledged >= enough);
            await server.KillAsync();
            await all;
            await watching;
        }

        await using var last = await ServerProcess.StartAsync(_directory);
        await CheckAsync(last.Client);
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{_kills} kills, {_ledger.Acknowledged} acknowledged writes, {_ledger.Uncertain} cut off; last version " +
            $"{_ledger.Newest}");
    }

    // Until the server is gone.
    private async Task WriteAsync(Client client, int writer, Random random)
    {
        while (true)
        {
            var name = $"w{writer}-{random.Next(20)}";
            var isThere = _ledger.Has(name);
            var isDelete = isThere && random.Next(3) == 0;
            var value = Guid.NewGuid().ToString();
            _ledger.Begin(name, isDelete ? null : value);
            try
            {
                var body = new JsonObject
                {
                    ["metadata"] = new JsonObject { ["name"] = name },
                    ["data"] = new JsonObject { ["value"] = value },
                };
                var bytes = Encoding.UTF8.GetBytes(body.ToJsonString());
                var answer = isDelete ? await client.Send("DELETE", $"{Path}/{name}", null)
                    : isThere ? await client.Send("PUT", $"{Path}/{name}", bytes)
                    : await client.Send("POST", Path, bytes);
                Assert.True((int)answer.Code is 200 or 201, answer.Text);
                _ledger.Acknowledge(name, isDelete ? null : value, VersionOf(answer.Json));
            }
            catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task WatchAsync(Client client)
    {
        try
        {
            using var watch = await client.Watch($"{Path}?watch=true");
            while (await watch.Next(TimeSpan.FromMinutes(2)) is { } line)
                _ledger.Saw(VersionOf(line.Object));
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException
            or System.Text.Json.JsonException)
        {
            // Cut off, with or without half a line.
        }
    }

    private async Task CheckAsync(Client client)
    {
        var list = (await client.Get(Path)).Json;
        var found = list["items"]!.AsArray().Select(item => item!.AsObject())
            .Where(item => ((string)item["metadata"]!["name"]!).StartsWith('w'))
            .ToDictionary(
                item => (string)item["metadata"]!["name"]!,
                item => ((string)item["data"]!["value"]!, VersionOf(item)));
        _ledger.Check(found, VersionOf(list));
    }

    private static long VersionOf(JsonObject tree) =>
        tree["metadata"]?["resourceVersion"] is { } version ? long.Parse((string)version!) : 0;

    private static async Task Eventually(Func<bool> holds)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(120));
        while (!holds())
            await Task.Delay(1, patience.Token);
    }

    /// <summary>What the writers know: each name has one writer.</summary>
    private sealed class Ledger
    {
        private readonly ConcurrentDictionary<string, string?> _settled = new();
        private readonly ConcurrentDictionary<string, string?> _begun = new();
        private readonly ConcurrentDictionary<long, string> _versions = new();
        private long _newest;
        private long _floor;
        private long _acknowledged;

        public long Acknowledged => Interlocked.Read(ref _acknowledged);

        public long Uncertain { get; private set; }

        public long Newest => _newest;

        public bool Has(string name) => _settled.GetValueOrDefault(name) is not null;

        public void Begin(string name, string? value) => _begun[name] = value;

        public void Acknowledge(string name, string? value, long version)
        {
            if (version > 0)
            {
                Assert.True(version > _floor, $"version {version} was there before the server began at {_floor}");
                Assert.True(_versions.TryAdd(version, name), $"version {version} was given out twice");
                Saw(version);
            }

            _settled[name] = value;
            _begun.TryRemove(name, out _);
            Interlocked.Increment(ref _acknowledged);
        }

        public void Saw(long version)
        {
            for (var seen = Interlocked.Read(ref _newest); version > seen; seen = Interlocked.Read(ref _newest))
            {
                if (Interlocked.CompareExchange(ref _newest, version, seen) == seen)
                    return;
            }
        }

        public void Check(Dictionary<string, (string Value, long Version)> found, long version)
        {
            Assert.True(version >= _newest, $"the server goes on at {version}, but {_newest} had been seen");
            foreach (var (name, value) in _begun)
            {
                // Cut off: done or not, but nothing else.
                Uncertain++;
                var now = found.TryGetValue(name, out var there) ? there.Value : null;
                Assert.True(
                    now == value || now == _settled.GetValueOrDefault(name),
                    $"{name} is {now}, neither what it was nor what was last wanted");
                _settled[name] = now;
            }

            _begun.Clear();
            foreach (var (name, value) in _settled)
            {
                if (value is null)
                    Assert.False(found.ContainsKey(name), $"{name} had been deleted, and is there again");
                else
                    Assert.True(found.TryGetValue(name, out var there) && there.Value == value, $"{name} is lost");
            }

            Assert.All(found.Keys, name => Assert.True(_settled.ContainsKey(name), $"nobody made {name}"));
            Saw(version);
            _floor = version;
        }
    }
}
