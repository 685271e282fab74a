-- The hook of Orthanc: a new ultrasound instance wakes `sonomask orthanc`, which segments it and stores SEG and SR beside it.
-- The address is that of the configuration ("Sonomask": {"Hook": ...}). Nothing but the identifier of the instance is sent. When
-- nobody listens, nothing is lost: `sonomask orthanc` reads the log of Orthanc's changes.

local hook = (GetOrthancConfiguration()["Sonomask"] or {})["Hook"] or "http://127.0.0.1:8043/"

-- Images only: the SEG and SR that come back are of other modalities.
function OnStoredInstance(instance, tags, metadata, origin)
  if tags["Modality"] == "US" then
    -- Without headers: Orthanc 1.10 ends when it is given an empty table of them.
    HttpPost(hook, instance)
  end
end
