using System.Buffers.Text;

namespace Palisade.Benchmarks.ApiServer;

/// <summary>
/// Many watches of the same policies, each reading what it is told and seeing that versions only rise and none of the
/// expected number is missing.
/// </summary>
internal sealed class Watchers : IDisposable
{
    private const string Path = "/apis/networking.k8s.io/v1/networkpolicies?watch=true&resourceVersion=";
    private readonly List<HttpClient> _clients = [];
    private readonly List<HttpResponseMessage> _responses = [];

    /// <summary>Opens them from a version on; each client has one connection.</summary>
    public async Task OpenAsync(ServerUnderTest server, int count, int perConnection, long version)
    {
        for (var i = 0; i < count; i += perConnection)
        {
            var client = server.NewClient(http2: perConnection > 1);
            _clients.Add(client);
            var opened = Enumerable.Range(0, Math.Min(perConnection, count - i)).Select(_ => client.GetAsync(
                $"{Path}{version}", HttpCompletionOption.ResponseHeadersRead));
            _responses.AddRange(await Task.WhenAll(opened));
        }
    }

    /// <summary>Ends when every watch has been told so many changes; the number of bytes they read.</summary>
    public async Task<long> ReadAsync(int changes) =>
        (await Task.WhenAll(_responses.Select(response => Task.Run(() => ReadAsync(response, changes))))).Sum();

    public void Dispose()
    {
        _responses.ForEach(response => response.Dispose());
        _clients.ForEach(client => client.Dispose());
    }

    private static async Task<long> ReadAsync(HttpResponseMessage response, int changes)
    {
        await using var stream = await response.Content.ReadAsStreamAsync();
        var buffer = new byte[16 * 1024];
        var (kept, read, last, told) = (0, 0L, 0L, 0);
        while (told < changes)
        {
            var more = await stream.ReadAsync(buffer.AsMemory(kept));
            if (more == 0)
                throw new InvalidOperationException($"a watch ended after {told} changes");
            read += more;
            kept += more;
            int end, start = 0;
            while ((end = buffer.AsSpan(start, kept - start).IndexOf((byte)'\n')) >= 0)
            {
                var version = Version(buffer.AsSpan(start, end));
                if (version <= last)
                    throw new InvalidOperationException($"version {version} came after {last}");
                last = version;
                told++;
                start += end + 1;
            }

            buffer.AsSpan(start, kept - start).CopyTo(buffer);
            kept -= start;
        }

        return read;
    }

    private static long Version(ReadOnlySpan<byte> line)
    {
        var field = "\"resourceVersion\":\""u8;
        var at = line.IndexOf(field);
        return at >= 0 && Utf8Parser.TryParse(line[(at + field.Length)..], out long version, out _)
            ? version
            : throw new InvalidOperationException("an event without a version");
    }
}
