using System.Text.Json.Nodes;
using Palisade.ApiServer.Resources;
using Palisade.ApiServer.Storage;
using Xunit;

namespace Palisade.ApiServer.Tests.Storage;

/// <summary>
/// What a crash leaves of the write-ahead log, torn or damaged in every way: either a store that has every write up to
/// some moment and none after it, or a refusal; and no version twice.
/// </summary>
public sealed class CrashImageTests : IDisposable
{
    private const int Writes = 12;
    private const int Page = 4096;
    private const int Header = 32;
    private const int Frame = Page + 24;
    private readonly string _directory = Directory.CreateTempSubdirectory("palisade-crash-").FullName;

    // How long the log was when each write had been acknowledged, and how far the versions were.
    private readonly List<int> _lengths = [];
    private readonly List<long> _versions = [];
    private byte[] _database = [];
    private byte[] _log = [];
    private int _tried;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_torn_end_takes_nothing_that_was_acknowledged_before_it()
    {
        await CrashAsync();
        for (var acknowledged = 1; acknowledged < Writes; acknowledged += 3)
        {
            var (from, to) = (_lengths[acknowledged - 1], _lengths[acknowledged]);
            Assert.True(to > from);
            // Cut within the next write: at its beginning, in a header, in a page, before its last byte.
            foreach (var end in new[] { from, from + 7, from + 1000, to - Frame + 24, to - 1 })
                Assert.Equal(acknowledged, await SurvivingAsync(_log[..end]));
            // Or its length is there and its bytes are not, or are others'.
            Assert.Equal(acknowledged, await SurvivingAsync([.. _log[..from], .. new byte[to - from]]));
            Assert.Equal(acknowledged, await SurvivingAsync([.. _log[..from], .. Noise(to - from)]));
        }

        Assert.Equal(Writes, await SurvivingAsync(_log));
    }

    [Fact]
    public async Task Pages_of_the_last_write_that_did_not_arrive_are_its_end()
    {
        await CrashAsync();
        var last = _lengths[^2];
        for (var at = last; at < _log.Length; at += Frame)
        {
            var log = _log.ToArray();
            log.AsSpan(at + 24, Page).Clear();
            Assert.Equal(Writes - 1, await SurvivingAsync(log));
        }
    }

    [Fact]
    public async Task Damage_before_the_end_is_refused_wherever_it_is()
    {
        await CrashAsync();
        var random = new Random(5);
        // In the log's own header, in frames' headers (page, size, salt, sum), and anywhere.
        int[] heads = [0, 9, 17, 25, Header + 1, Header + 6, Header + 10, Header + 17, Header + Frame + 21];
        var last = _lengths[^3];
        foreach (var at in heads.Concat(Enumerable.Range(0, 12).Select(_ => random.Next(Header, last))))
        {
            var log = _log.ToArray();
            log[at] ^= (byte)(1 << random.Next(8));
            var refused = await Assert.ThrowsAsync<IOException>(() => SurvivingAsync(log));
            Assert.Contains("is damaged", refused.Message);
            Assert.Contains("write-ahead log", refused.Message);
            Assert.Contains("nothing was changed", refused.Message);
            Assert.Equal(log, await File.ReadAllBytesAsync(Data("objects.db-wal")));
            Assert.Equal(_database, await File.ReadAllBytesAsync(Data("objects.db")));
        }
    }

    private string Data(string file) => Path.Combine(_directory, $"data-{_tried}", file);

    // A store is written to; its files are what a crash at that moment would leave.
    private async Task CrashAsync()
    {
        var file = Path.Combine(_directory, "objects.db");
        using var store = Open(file, out var maps);
        for (var i = 0; i < Writes; i++)
        {
            var made = await store.WriteAsync(transaction => transaction.Put(maps, Map(i)));
            _versions.Add(made.Version);
            _lengths.Add(Read(file + "-wal").Length);
        }

        (_database, _log) = (Read(file), Read(file + "-wal"));
        Assert.Equal(0, (_log.Length - Header) % Frame);
    }

    // The number of writes that a store has that begins with this log.
    private async Task<int> SurvivingAsync(byte[] log)
    {
        _tried++;
        Directory.CreateDirectory(Path.GetDirectoryName(Data("objects.db"))!);
        await File.WriteAllBytesAsync(Data("objects.db"), _database);
        await File.WriteAllBytesAsync(Data("objects.db-wal"), log);
        using var store = Open(Data("objects.db"), out var maps);
        var map = store.State.Get(maps, new ObjectKey("default", "m"))!;
        var number = ((string)map.Parse()["data"]!["number"]!).Length;
        Assert.Equal(_versions[number - 1], map.Version);
        // Also the writes that were lost had their versions.
        var next = await store.WriteAsync(transaction => transaction.Put(maps, Map(0)));
        Assert.True(next.Version > _versions[^1]);
        return number;
    }

    private static VersionedStore Open(string file, out Resource maps)
    {
        var registry = new ResourceRegistry(new ApiServerOptions { DataDirectory = "" });
        maps = registry.ById("configmaps")!;
        return VersionedStore.Open(file, registry, TimeProvider.System);
    }

    private static JsonObject Map(int i) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "ConfigMap",
        ["metadata"] = new JsonObject { ["name"] = "m", ["namespace"] = "default" },
        ["data"] = new JsonObject { ["number"] = new string('x', i + 1), ["text"] = new string((char)('a' + i), 9000) },
    };

    private static byte[] Noise(int length)
    {
        var noise = new byte[length];
        new Random(length).NextBytes(noise);
        return noise;
    }

    // SQLite holds its locks on the files: they are read beside them.
    private static byte[] Read(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
