using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Palisade.ApiServer.Hosting;

/// <summary>
/// The server's own CA, kept in the data directory, and a server certificate made anew at every start. The CA signs
/// clients' certificates too: the common name is the user, organizations are groups.
/// </summary>
internal sealed class ServerCertificates : IDisposable
{
    private const string ServerUse = "1.3.6.1.5.5.7.3.1";
    private const string ClientUse = "1.3.6.1.5.5.7.3.2";
    private static readonly TimeSpan _clockSkew = TimeSpan.FromHours(1);
    private static readonly TimeSpan _caLife = TimeSpan.FromDays(3650);

    private readonly X509Certificate2 _ca;
    private readonly TimeProvider _time;

    private ServerCertificates(X509Certificate2 ca, X509Certificate2 server, TimeProvider time)
    {
        _ca = ca;
        _time = time;
        Server = server;
        CaPem = ca.ExportCertificatePem();
    }

    /// <summary>The CA's certificate, PEM: what a kubeconfig carries.</summary>
    public string CaPem { get; }

    /// <summary>The clock by which certificates are valid, as they count: local time.</summary>
    public DateTime Now => _time.GetUtcNow().LocalDateTime;

    public X509Certificate2 Server { get; }

    public static ServerCertificates Load(DataDirectory directory, TimeProvider time)
    {
        var ca = KeptCa(directory, time) ?? NewCa(directory, time);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddDnsName("kubernetes.default.svc");
        names.AddIpAddress(IPAddress.Loopback);
        names.AddIpAddress(IPAddress.IPv6Loopback);
        var subject = new X500DistinguishedName("CN=palisade-apiserver");
        using var signed = Sign(ca, time, subject, ServerUse, names.Build(), out var key);
        using (key)
        using (var withKey = signed.CopyWithPrivateKey(key))
        {
            // Through PKCS#12, since TLS wants a certificate that holds its key for its whole life.
            var server = X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pkcs12), null);
            return new ServerCertificates(ca, server, time);
        }
    }

    /// <summary>A new certificate of a user and its key, PEM.</summary>
    public (string Certificate, string Key) Issue(string user, IEnumerable<string> groups)
    {
        var name = new X500DistinguishedNameBuilder();
        foreach (var group in groups)
            name.AddOrganizationName(group);
        name.AddCommonName(user);
        using var signed = Sign(_ca, _time, name.Build(), ClientUse, null, out var key);
        using (key)
            return (signed.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>Whether this CA has signed a certificate for a client, and it is valid now.</summary>
    public bool IsClient(X509Certificate2 certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(_ca);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ClientUse));
        chain.ChainPolicy.VerificationTime = Now;
        return chain.Build(certificate);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Server.Dispose();
        _ca.Dispose();
    }

    private static X509Certificate2? KeptCa(DataDirectory directory, TimeProvider time)
    {
        var certificate = directory.Read("ca.crt");
        var key = directory.Read("ca.key");
        if (certificate is null || key is null)
            return null;
        try
        {
            var ca = X509Certificate2.CreateFromPem(certificate, key);
            // An expired CA serves nobody: clients refuse it. A new one needs the new kubeconfig, which every start
            // writes.
            return ca.NotAfter > time.GetUtcNow().UtcDateTime.AddDays(30) ? ca : null;
        }
        catch (CryptographicException e)
        {
            throw new InvalidDataException(
                $"{directory.Path}/ca.crt or ca.key cannot be read ({e.Message}); remove both to have a new CA made",
                e);
        }
    }

    private static X509Certificate2 NewCa(DataDirectory directory, TimeProvider time)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=palisade-ca", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        var now = time.GetUtcNow();
        var ca = request.CreateSelfSigned(now - _clockSkew, now + _caLife);
        directory.Write("ca.key", key.ExportPkcs8PrivateKeyPem());
        directory.Write("ca.crt", ca.ExportCertificatePem());
        return ca;
    }

    private static X509Certificate2 Sign(
        X509Certificate2 ca, TimeProvider time, X500DistinguishedName subject, string use, X509Extension? names,
        out ECDsa key)
    {
        key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        if (names is not null)
            request.CertificateExtensions.Add(names);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new(use)], false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(ca, true, false));
        var now = time.GetUtcNow();
        var end = now + TimeSpan.FromDays(365) < ca.NotAfter ? now + TimeSpan.FromDays(365) : ca.NotAfter;
        return request.Create(ca, now - _clockSkew / 2, end, RandomNumberGenerator.GetBytes(16));
    }
}
