using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace Palisade.ApiServer.Tests.Storage;

/// <summary>Disks that are full and files that are not as they were: a clear refusal, and nothing destroyed.</summary>
public sealed class DiskTests : IDisposable
{
    private const string Maps = "/api/v1/namespaces/default/configmaps";
    private const string Needle = "what-nobody-else-writes";
    private readonly string _directory = Directory.CreateTempSubdirectory("palisade-disk-").FullName;

    private string Data => Path.Combine(_directory, "data");

    private string Database => Path.Combine(Data, "objects.db");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_full_disk_refuses_writes_and_goes_on_when_there_is_room()
    {
        var script = $"mount -t tmpfs -o size=12m tmpfs {_directory}" +
            $" && head -c 4000000 /dev/zero > {_directory}/filler && exec {ServerProcess.Program} {Data}";
        var isRoot = Environment.UserName == "root" || File.ReadAllText("/proc/self/uid_map").Trim().StartsWith('0');
        ServerProcess server;
        try
        {
            server = await ServerProcess.StartAsync("unshare", [isRoot ? "-m" : "-Urm", "sh", "-c", script]);
        }
        catch (IOException e) when (e.Message.Contains("unshare", StringComparison.Ordinal))
        {
            Assert.Skip("a mount namespace of its own cannot be made here: " + e.Message);
            return;
        }

        await using (server)
        {
            var written = 0;
            var refused = await server.Client.Post(Maps, Map(written));
            for (; (int)refused.Code == 201 && written < 1000; refused = await server.Client.Post(Maps, Map(written)))
                written++;
            Assert.Equal(500, (int)refused.Code);
            Assert.Equal("InternalError", (string)refused.Json["reason"]!);
            Assert.Contains("disk of the data directory is full", refused.Message);
            Assert.Equal(written, await CountAsync(server.Client));
            Assert.Equal(500, (int)(await server.Client.Post(Maps, Map(written))).Code);
            File.Delete($"/proc/{server.Id}/root{_directory}/filler");
            var again = await server.Client.Post(Maps, Map(written));
            Assert.True((int)again.Code == 201, again.Text);
            Assert.Equal(written + 1, await CountAsync(server.Client));
        }
    }

    [Fact]
    public async Task A_damaged_value_is_noticed()
    {
        await FillAsync();
        var bytes = await File.ReadAllBytesAsync(Database);
        bytes[bytes.AsSpan().LastIndexOf(Encoding.ASCII.GetBytes(Needle))] ^= 1;
        await RefusedAsync(bytes, "is damaged");
    }

    [Fact]
    public async Task A_damaged_page_is_noticed()
    {
        await FillAsync();
        var bytes = await File.ReadAllBytesAsync(Database);
        var page = bytes.AsSpan().LastIndexOf(Encoding.ASCII.GetBytes(Needle)) / 4096;
        bytes.AsSpan(page * 4096, 4096).Fill(0xA5);
        await RefusedAsync(bytes, "is damaged");
    }

    [Theory]
    [InlineData(68, "the database of another program")]
    [InlineData(60, "was written by a newer palisade")]
    [InlineData(0, "it is no database")]
    public async Task What_is_not_of_this_program_is_left_alone(int offset, string why)
    {
        await FillAsync();
        var bytes = await File.ReadAllBytesAsync(Database);
        bytes[offset + 3] ^= 0x40;
        await RefusedAsync(bytes, why);
    }

    private async Task RefusedAsync(byte[] bytes, string why)
    {
        await File.WriteAllBytesAsync(Database, bytes);
        var options = new ApiServerOptions { DataDirectory = Data };
        var refused = await Assert.ThrowsAsync<IOException>(() => EmbeddedApiServer.StartAsync(options));
        Assert.Contains(why, refused.Message);
        Assert.Contains("nothing was changed", refused.Message);
        Assert.Equal(bytes, await File.ReadAllBytesAsync(Database));
        // Refused, not locked: the next attempt says the same.
        var again = await Assert.ThrowsAsync<IOException>(() => EmbeddedApiServer.StartAsync(options));
        Assert.Contains(why, again.Message);
    }

    private async Task FillAsync()
    {
        await using var server = await EmbeddedApiServer.StartAsync(new ApiServerOptions { DataDirectory = Data });
        server.Store.Create(new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "ConfigMap",
            ["metadata"] = new JsonObject { ["name"] = "big", ["namespace"] = "default" },
            ["data"] = new JsonObject { ["text"] = string.Concat(Enumerable.Repeat(Needle, 2000)) },
        });
    }

    private static string Map(int number) => new JsonObject
    {
        ["metadata"] = new JsonObject { ["name"] = $"map-{number}" },
        ["data"] = new JsonObject { ["text"] = new string('x', 40_000) },
    }.ToJsonString();

    private static async Task<int> CountAsync(Client client) => (await client.Get(Maps)).Json["items"]!.AsArray()
        .Count(item => ((string)item!["metadata"]!["name"]!).StartsWith("map-", StringComparison.Ordinal));
}
